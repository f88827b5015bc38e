// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* lunatik.ko: Lua, runtimes, objects and the C API. */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/string.h>

#include "core.h"

unsigned int lunatik_script_max = 1 << 20;
module_param_named(script_max, lunatik_script_max, uint, 0644);
MODULE_PARM_DESC(script_max, "largest script file in bytes (default 1 MiB)");

unsigned int lunatik_hardirq_memory = 256 << 10;
module_param_named(hardirq_memory, lunatik_hardirq_memory, uint, 0644);
MODULE_PARM_DESC(hardirq_memory, "bytes that the handlers of a hardirq runtime may allocate (default 256 KiB)");

static unsigned int lunatik_seed __ro_after_init;

unsigned int lunatik_makeseed(void)
{
	return lunatik_seed;
}

static siphash_key_t lunatik_key __ro_after_init;

/*
 * What scripts see of an address. The kernel's own %p has 32 bits, by which two tables of
 * many may look the same, and says "(____ptrval____)" of all while it has no entropy yet.
 * The format is one of string.format(): "%p", maybe with a width.
 */
int lunatik_formatpointer(char *buf, size_t size, const char *format, const void *p)
{
	char hashed[24], string[32];
	size_t len = strlen(format);

	if (format[len - 1] == 's')	/* NULL, for which Lua has a text */
		return snprintf(buf, size, format, p);
	if (WARN_ON_ONCE(len >= sizeof(string)))
		return 0;
	memcpy(string, format, len + 1);
	string[len - 1] = 's';
	snprintf(hashed, sizeof(hashed), "0x%016llx",
		 siphash_1u64((unsigned long)p, &lunatik_key));
	return snprintf(buf, size, string, hashed);
}

static int __init lunatik_init(void)
{
	int ret;

	get_random_bytes(&lunatik_seed, sizeof(lunatik_seed));
	get_random_bytes(&lunatik_key, sizeof(lunatik_key));
	lunatik_budget_init();
	lunatik_stack_init();
	ret = lunatik_script_init();
	if (ret)
		goto stack;
	ret = lunatik_later_init();
	if (ret)
		goto script;
	ret = lunatik_status_init();
	if (ret)
		goto later;
	ret = luadrv_register(&lunatik_interpreter);
	if (ret)
		goto status;
	return 0;

status:
	lunatik_status_exit();
later:
	lunatik_later_exit();
script:
	lunatik_script_exit();
stack:
	lunatik_stack_exit();
	return ret;
}

static void __exit lunatik_exit(void)
{
	luadrv_unregister(&lunatik_interpreter);
	lunatik_status_exit();
	lunatik_later_exit();
	lunatik_script_exit();
	lunatik_stack_exit();
}

module_init(lunatik_init);
module_exit(lunatik_exit);
MODULE_DESCRIPTION("Lua in the kernel");
MODULE_AUTHOR("Lunatik for Debian");
MODULE_VERSION(LUNATIK_VERSION);
MODULE_LICENSE("Dual MIT/GPL");
