/*
 * The actions while the command runs: the keeper passes on signals, stops or
 * kills the process tree, and waits for processes that outlive the command.
 */
#include "run/keeper_private.h"

#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "run/link.h"
#include "system/signals.h"

#define FIRST_NAG_MS	10000	/* until keeper_name_lingerers() */

/* Excludes SIGHUP, because daemons reload their configuration on it. */
static bool
asks_to_end(int number)
{
	return number == SIGINT || number == SIGQUIT || number == SIGTERM;
}

/* A signal that guard and keeper have heard has reached their process group. */
enum keeper_state
keeper_forward_signal(struct keeper *keeper, const struct link_message *message)
{
	int number = message->signal.number;
	pid_t group = message->signal.in_group ? getpgrp() : 0;

	log_verbose("passing on signal %d", number);
	/* systemd may send a HUP after a TERM: keep the TERM. */
	if (signals_kind(number) == SIGNALS_TERMINATING &&
	    (asks_to_end(number) || !asks_to_end(keeper->told))) {
		keeper->told = number;
		keeper->told_group = keeper->options->signal_group ?
		    PROCTREE_EVERYBODY : group;
	}
	if (keeper->state != RUNNING || keeper->options->signal_group)
		proctree_pass_on(&keeper->tree, group, number,
		    keeper->state == LINGERING && asks_to_end(number) ?
		    keeper->options->stop_signal : 0);
	/* The keeper has not reaped the command yet, so the pid is valid. */
	else if (group == 0 || getpgid(keeper->command) != group)
		(void)kill(keeper->command, number);
	return keeper->state;
}

/* Kills in one round.  TIME_UP starts the next round. */
enum keeper_state
keeper_kill_all(struct keeper *keeper, const struct link_message *message)
{
	keeper->time_up_ms = clock_after(clock_ms(),
	    proctree_kill(&keeper->tree));
	/* A process that we may not kill lives on. */
	if (proctree_name_forbidden(&keeper->tree, keeper->options->task))
		keeper_lose(keeper);
	return KILLING;
}

/* The record must not show that a killed command succeeded. */
enum keeper_state
keeper_die_with_guard(struct keeper *keeper, const struct link_message *message)
{
	if (keeper->exit_code == 0)
		keeper->exit_code = EXITCODE_SIGNAL + SIGKILL;
	return keeper_kill_all(keeper, message);
}

enum keeper_state
keeper_stop_all(struct keeper *keeper, const struct link_message *message)
{
	keeper->time_up_ms = clock_after(clock_ms(),
	    keeper->options->kill_after_ms);
	(void)proctree_signal(&keeper->tree, 0, keeper->options->stop_signal);
	/* A stopped process can end only after SIGCONT. */
	(void)proctree_signal(&keeper->tree, 0, SIGCONT);
	return STOPPING;
}

enum keeper_state
keeper_max_time_over(struct keeper *keeper, const struct link_message *message)
{
	log_error("'%s' exceeded --max-time (%.1fs); stopping it",
	    keeper->options->task,
	    (double)keeper->options->max_time_ms / 1000);
	if (!keeper->lost)
		keeper->exit_code = EXITCODE_MAX_TIME;
	return keeper_stop_all(keeper, message);
}

/*
 * Stops the command for a user's revoke, and keeps the lease until all are
 * dead.
 */
enum keeper_state
keeper_be_revoked(struct keeper *keeper, const struct link_message *message)
{
	log_error("the lease of '%s' was revoked by %s; stopping the command",
	    keeper->options->task, keeper->claim->reason);
	keeper->exit_code = EXITCODE_LOST;
	keeper->hold_over = true;
	return keeper_stop_all(keeper, message);
}

/* Ends only --hold: the command is already stopping or has ended. */
enum keeper_state
keeper_revoked_after_all(struct keeper *keeper,
    const struct link_message *message)
{
	log_notice("the lease of '%s' was revoked by %s",
	    keeper->options->task, keeper->claim->reason);
	keeper->hold_over = true;
	return keeper->state;
}

/* Contact was lost for too long, and the guard has asked the tree to stop. */
enum keeper_state
keeper_be_stopped(struct keeper *keeper, const struct link_message *message)
{
	keeper_lose(keeper);
	if ((keeper->state & (STOPPING | KILLING)) != 0)
		return keeper->state;
	/* Set no time: the DEADLINE event kills the tree. */
	keeper->time_up_ms = CLOCK_NEVER;
	return STOPPING;
}

/* Kills at once, because the lease is gone or about to expire. */
static enum keeper_state
lose_lease(struct keeper *keeper)
{
	enum keeper_state next = keeper->state;
	bool known = keeper->lost;

	keeper_lose(keeper);
	link_send_type(keeper->link, LINK_LOST);
	if (!keeper->options->ignore_loss)
		next = keeper_kill_all(keeper, NULL);
	if (!known)
		log_error("the lease of '%s' is lost; %s",
		    keeper->options->task, keeper->options->ignore_loss ?
		    "the command runs on (--on-loss ignore)" :
		    "killing the command");
	return next;
}

enum keeper_state
keeper_lose_node(struct keeper *keeper, const struct link_message *message)
{
	keeper->gone = true;
	return lose_lease(keeper);
}

enum keeper_state
keeper_lose_session(struct keeper *keeper, const struct link_message *message)
{
	keeper->gone = true;
	recipe_forget(keeper->recipe);
	return lose_lease(keeper);
}

/*
 * The guard should have killed all processes half a margin ago.  Since it
 * hangs, the keeper kills them.
 */
enum keeper_state
keeper_keep_deadline(struct keeper *keeper, const struct link_message *message)
{
	/* --on-loss ignore: the guard has reported the loss already. */
	keeper->lost |= keeper->options->ignore_loss;
	return lose_lease(keeper);
}

int64_t
keeper_deadline_ms(const struct keeper *keeper)
{
	if ((keeper->state & (RUNNING | LINGERING | STOPPING)) == 0 ||
	    (keeper->options->ignore_loss && keeper->lost))
		return CLOCK_NEVER;
	/* Killing many processes takes long, so it begins earlier. */
	return lease_last_resort_ms(keeper->lease.expiry_ms,
	    keeper->lease.timeout_ms) - keeper->kill_takes_ms;
}

/* The last process is dead, or -o leave does not wait for it. */
enum keeper_state
keeper_work_is_over(struct keeper *keeper, const struct link_message *message)
{
	struct link_message releasing = { .type = LINK_RELEASING };
	char left[LEASE_LEFT_SIZE];

	releasing.releasing.status = keeper->exit_code;
	releasing.releasing.hold_ms = keeper_hold_left_ms(keeper);
	link_send(keeper->link, &releasing);
	if (keeper->lost && !keeper->gone && !keeper->options->ignore_loss)
		log_notice("all processes of '%s' are dead, %s",
		    keeper->options->task, lease_describe_left(
		    keeper->lease.expiry_ms - clock_ms(), left));
	if (keeper->options->interval_ms != CLOCK_NEVER && !keeper->lost)
		return keeper_record(keeper, message);
	return keeper_hold_or_release(keeper, message);
}

enum keeper_state
keeper_command_ended(struct keeper *keeper, const struct link_message *message)
{
	if (keeper->options->orphans == OPTIONS_LEAVE)
		return keeper_work_is_over(keeper, message);
	if (keeper->options->orphans == OPTIONS_KILL)
		return keeper_stop_all(keeper, message);
	/* The signal that ended the command is meant for the whole job. */
	if (asks_to_end(keeper->told) ||
	    (keeper->told != 0 && keeper->killed_by == keeper->told)) {
		/* Background jobs of a script ignore ^C: stop them instead. */
		proctree_pass_on(&keeper->tree, keeper->told_group,
		    keeper->told, asks_to_end(keeper->told) ?
		    keeper->options->stop_signal : 0);
		/* A stopped process can end only after SIGCONT. */
		(void)proctree_signal(&keeper->tree, 0, SIGCONT);
	}
	keeper->lingering_since_ms = clock_ms();
	keeper->time_up_ms = clock_after(keeper->lingering_since_ms,
	    FIRST_NAG_MS);
	return LINGERING;
}

/* The pauses between these messages grow threefold. */
enum keeper_state
keeper_name_lingerers(struct keeper *keeper, const struct link_message *message)
{
	char names[256];
	int64_t passed_ms;

	passed_ms = clock_ms() - keeper->lingering_since_ms;
	proctree_describe(&keeper->tree, names, sizeof(names));
	log_notice("still holding '%s' %llds after its command ended: it left "
	    "%s running (-o leave does not wait)", keeper->options->task,
	    (long long)passed_ms / 1000, names);
	keeper->time_up_ms = clock_after(clock_ms(),
	    2 * passed_ms + FIRST_NAG_MS);
	return keeper->state;
}
