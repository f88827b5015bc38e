/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* An int is written whole on every machine we support. */
#ifndef LUNATIK_SIGNAL_H
#define LUNATIK_SIGNAL_H

typedef int sig_atomic_t;

#endif
