// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * What cannot be done where it came up is done later, in process context: the
 * release of an object, and giving memory back to the kernel.
 *
 * It may come up in a probe that fired inside the allocator or the workqueue,
 * so nothing is used on the way there but lists without locks and irq_work.
 */
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/workqueue.h>

#include "core.h"

static struct workqueue_struct *later_wq;
static LLIST_HEAD(later_objects);
static LLIST_HEAD(later_memory);

static void later_release(struct work_struct *work)
{
	lunatik_release(container_of(work, lunatik_object_t, work));
}

static void later_free(struct work_struct *unused)
{
	struct llist_node *node, *next;

	llist_for_each_safe(node, next, llist_del_all(&later_memory))
		kvfree(node);
}

static DECLARE_WORK(later_freeing, later_free);

/* In interrupt context, where no lock of the workqueue can be held. */
static void later_queue(struct irq_work *unused)
{
	lunatik_object_t *object, *next;

	/* each on its own: a release may wait for another, or take long */
	llist_for_each_entry_safe(object, next, llist_del_all(&later_objects), later)
		queue_work(later_wq, &object->work);
	if (!llist_empty(&later_memory))
		queue_work(later_wq, &later_freeing);
}

static DEFINE_IRQ_WORK(later_irq, later_queue);

void lunatik_initworks(lunatik_object_t *object)
{
	INIT_WORK(&object->work, later_release);
}

void lunatik_releaselater(lunatik_object_t *object)
{
	llist_add(&object->later, &later_objects);
	irq_work_queue(&later_irq);
}

/* At least a pointer large. */
void lunatik_freelater(void *memory)
{
	llist_add(memory, &later_memory);
	irq_work_queue(&later_irq);
}

/* Whatever was put off before has been done on return. */
static void later_flush(void)
{
	irq_work_sync(&later_irq);
	flush_workqueue(later_wq);
}

/* A module is on its way out; its exit has been called, its code is there. */
static int later_module(struct notifier_block *nb, unsigned long state, void *module)
{
	if (state == MODULE_STATE_GOING) {
		lunatik_closeof(module);
		later_flush();
	}
	return NOTIFY_DONE;
}

static struct notifier_block later_modules = {
	.notifier_call = later_module,
};

int lunatik_later_init(void)
{
	int ret;

	later_wq = alloc_workqueue("lunatik", WQ_UNBOUND, 0);
	if (!later_wq)
		return -ENOMEM;
	ret = register_module_notifier(&later_modules);
	if (ret)
		destroy_workqueue(later_wq);
	return ret;
}

void lunatik_later_exit(void)
{
	unregister_module_notifier(&later_modules);
	later_flush();
	destroy_workqueue(later_wq);
	rcu_barrier();
}
