/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* There is one locale. */
#ifndef LUNATIK_LOCALE_H
#define LUNATIK_LOCALE_H

#endif
