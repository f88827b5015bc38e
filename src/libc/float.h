/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Lua asks for nothing that lunatik_conf.h does not say. */
#ifndef LUNATIK_FLOAT_H
#define LUNATIK_FLOAT_H

#endif
