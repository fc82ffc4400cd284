/*
 * What the keeper does while the command runs: pass on signals, prove the
 * lease, stop or kill everything below, wait for what the command left.
 */
#include "keeper_state.h"

#include <signal.h>

#include "clock.h"
#include "exitcode.h"
#include "link.h"
#include "log.h"
#include "options.h"

#define FIRST_NAG_MS	10000	/* until we say whom we wait for */
#define KILL_AGAIN_MS	20	/* between two rounds of SIGKILL, at first */
#define KILL_SELDOM_MS	1000	/* later: who still lives cannot be killed */

void
keeper_say_time_left(struct keeper *keeper)
{
	char problems[512];
	int64_t left_ms;

	if (keeper->lost) {
		keeper_say_contact_lost(keeper);
		return;
	}
	connector_explain(&keeper->connector, problems, sizeof(problems));
	left_ms = lease_deadline_ms(&keeper->lease) -
	    lease_grace_ms(&keeper->lease) - clock_ms();
	log_notice("contact with ZooKeeper lost (%s); '%s' is held for %.1fs "
	    "more unless it is regained", problems, keeper->options->task,
	    left_ms > 0 ? (double)left_ms / 1000 : 0);
}

void
keeper_forward_signal(struct keeper *keeper)
{
	log_verbose("passing on signal %d", keeper->ordered_signal);
	/* Our child and not yet reaped: its pid can only be its own. */
	if (keeper->state == RUNNING && !keeper->options->signal_group)
		(void)kill(keeper->command, keeper->ordered_signal);
	else
		(void)proctree_signal(&keeper->tree, keeper->ordered_signal);
}

/* Says so once if somebody lives on whom we have no right to kill. */
static void
say_forbidden(struct keeper *keeper)
{
	char name[80];

	if (!proctree_describe_forbidden(&keeper->tree, name, sizeof(name)))
		return;
	log_error("cannot kill %s: not permitted; '%s' is not released while "
	    "it lives", name, keeper->options->task);
	keeper->lost = true;
	keeper->exit_code = EXITCODE_LOST;
}

/* One round of SIGKILL; TIME_UP brings the next. */
void
keeper_kill_all(struct keeper *keeper)
{
	if (keeper->kill_again_ms == 0)
		keeper->kill_again_ms = KILL_AGAIN_MS / 2;
	if (keeper->kill_again_ms < KILL_SELDOM_MS) {
		keeper->kill_again_ms *= 2;
		if (keeper->kill_again_ms >= KILL_SELDOM_MS)
			say_forbidden(keeper);
	}
	keeper->state = STOPPING;
	connector_stop_helpers(&keeper->connector);
	proctree_kill(&keeper->tree);
	keeper->time_up_ms = clock_after(clock_ms(), keeper->kill_again_ms);
}

void
keeper_stop_all(struct keeper *keeper)
{
	if (keeper->state == STOPPING)
		return;
	keeper->state = STOPPING;
	keeper->time_up_ms = clock_after(clock_ms(),
	    keeper->options->kill_after_ms);
	connector_stop_helpers(&keeper->connector);
	(void)proctree_signal(&keeper->tree, keeper->options->stop_signal);
	/* Whatever is stopped can only end once it goes on. */
	(void)proctree_signal(&keeper->tree, SIGCONT);
}

/* The guard saw the deadline come and has asked the command to stop. */
void
keeper_be_stopped(struct keeper *keeper)
{
	keeper->lost = true;
	keeper->exit_code = EXITCODE_LOST;
	if (keeper->state == STOPPING)
		return;
	keeper->state = STOPPING;
	/* The deadline is what kills. */
	keeper->time_up_ms = CLOCK_NEVER;
}

/* For good: everything has to die, now. */
static void
lose_lease(struct keeper *keeper)
{
	keeper->exit_code = EXITCODE_LOST;
	if (keeper->options->ignore_loss) {
		if (!keeper->lost)
			log_error("the lease of '%s' is lost; the command runs "
			    "on (--on-loss ignore)", keeper->options->task);
		keeper->lost = true;
		link_send_type(keeper->link, LINK_LOST);
		return;
	}
	if (!keeper->lost)
		log_error("the lease of '%s' is lost; killing the command",
		    keeper->options->task);
	keeper->lost = true;
	link_send_type(keeper->link, LINK_LOST);
	keeper_kill_all(keeper);
}

void
keeper_lose_node(struct keeper *keeper)
{
	keeper->gone = true;
	lose_lease(keeper);
}

void
keeper_lose_session(struct keeper *keeper)
{
	keeper->gone = true;
	semaphore_forget(&keeper->semaphore);
	lose_lease(keeper);
}

/*
 * Past the guard's deadline: it must be stopped, or worse.  Half a margin
 * later it is our turn.
 */
void
keeper_keep_deadline(struct keeper *keeper)
{
	keeper->deadline_passed = true;
	/* Where a loss is to be ignored, the guard has said so by now. */
	keeper->lost |= keeper->options->ignore_loss;
	lose_lease(keeper);
}

void
keeper_command_ended(struct keeper *keeper)
{
	switch (keeper->options->orphans) {
	case OPTIONS_LEAVE:
		keeper_release(keeper);
		break;
	case OPTIONS_KILL:
		keeper_stop_all(keeper);
		break;
	case OPTIONS_WAIT:
		keeper->state = LINGERING;
		keeper->nag_ms = FIRST_NAG_MS;
		keeper->lingering_since_ms = clock_ms();
		keeper->time_up_ms = clock_after(keeper->lingering_since_ms,
		    keeper->nag_ms);
		break;
	}
}

void
keeper_name_lingerers(struct keeper *keeper)
{
	char names[256];
	int64_t now_ms;

	now_ms = clock_ms();
	connector_stop_helpers(&keeper->connector);
	proctree_describe(&keeper->tree, names, sizeof(names));
	log_notice("holding '%s' for %llds after the command ended, because it "
	    "left %s running (-o leave would not wait)", keeper->options->task,
	    (long long)(now_ms - keeper->lingering_since_ms) / 1000, names);
	keeper->nag_ms *= 3;
	keeper->time_up_ms = clock_after(now_ms, keeper->nag_ms);
}
