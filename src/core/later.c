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
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "core.h"

static struct workqueue_struct *later_wq;
static LLIST_HEAD(later_objects);
static LLIST_HEAD(later_memory);

/* A release that runs, in the place of its object on the list below. */
struct later_running {
	struct list_head list;
	struct module *owner;
};

/* what is queued, and what runs: a module on its way out waits for its own */
static DEFINE_RAW_SPINLOCK(later_lock);
static LIST_HEAD(later_queued);
static LIST_HEAD(later_running);
static DECLARE_WAIT_QUEUE_HEAD(later_done);

/* The module whose code the release calls. */
static struct module *later_owner(lunatik_object_t *object)
{
	if (object->class == &lunatik_runtime_class)
		return ((struct lunatik_runtime *)object->private)->by;
	return object->owner;
}

static void later_release(struct work_struct *work)
{
	lunatik_object_t *object = container_of(work, lunatik_object_t, work);
	struct later_running running = { .owner = later_owner(object) };

	raw_spin_lock_irq(&later_lock);
	list_del(&object->list);
	list_add(&running.list, &later_running);
	raw_spin_unlock_irq(&later_lock);

	lunatik_release(object);

	raw_spin_lock_irq(&later_lock);
	list_del(&running.list);
	raw_spin_unlock_irq(&later_lock);
	wake_up(&later_done);
}

static bool later_waits(struct module *module)
{
	struct later_running *running;
	lunatik_object_t *object;
	bool found = false;

	raw_spin_lock_irq(&later_lock);
	list_for_each_entry(object, &later_queued, list)
		found = found || later_owner(object) == module;
	list_for_each_entry(running, &later_running, list)
		found = found || running->owner == module;
	raw_spin_unlock_irq(&later_lock);
	return found;
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
	unsigned long flags;

	llist_for_each_entry_safe(object, next, llist_del_all(&later_objects), later) {
		raw_spin_lock_irqsave(&later_lock, flags);
		list_add_tail(&object->list, &later_queued);
		raw_spin_unlock_irqrestore(&later_lock, flags);
		/* each on its own: a release may wait for another, or take long */
		queue_work(later_wq, &object->work);
	}
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

/* A module is on its way out; its exit has been called, its code is there. */
static int later_module(struct notifier_block *nb, unsigned long state, void *module)
{
	if (state == MODULE_STATE_GOING) {
		lunatik_closeof(module);
		irq_work_sync(&later_irq);
		wait_event(later_done, !later_waits(module));
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
	irq_work_sync(&later_irq);
	destroy_workqueue(later_wq);	/* when it is empty */
	rcu_barrier();
}
