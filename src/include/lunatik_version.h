/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The version, as modules and scripts see it; debian/changelog has the package's. */
#ifndef LUNATIK_VERSION_H
#define LUNATIK_VERSION_H

#define LUNATIK_VERSION		"0.1.0"

#endif
