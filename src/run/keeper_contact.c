/*
 * Contact with ZooKeeper: the keeper reports when it is lost and regained, and
 * sends the beats whose replies prove the lease.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "run/keeper_private.h"
#include "run/link.h"

int64_t
keeper_stop_ms(const struct keeper *keeper)
{
	return lease_stop_ms(keeper->lease.expiry_ms,
	    keeper->lease.timeout_ms, keeper->options->kill_after_ms);
}

/* If a reply takes longer than the interval, the next beat follows at once. */
int64_t
keeper_beat_ms(const struct keeper *keeper)
{
	return recipe_is_beating(keeper->recipe) ? CLOCK_NEVER :
	    clock_after(keeper->beat_ms, lease_beat_ms(&keeper->lease));
}

void
keeper_beat(struct keeper *keeper)
{
	keeper->beat_ms = clock_ms();
	recipe_beat(keeper->recipe);
	if (keeper->state == RUNNING)
		proctree_stay_ready(&keeper->tree);
}

/* Contact is regained by an answer, not by a connection alone. */
void
keeper_take_answer(struct keeper *keeper)
{
	if (!keeper->said_lost || !connector_is_steady(&keeper->connector))
		return;
	log_notice("regained contact with ZooKeeper for '%s' (%s)",
	    keeper->options->task, connector_server(&keeper->connector));
	keeper->said_lost = false;
}

enum keeper_state
keeper_resume(struct keeper *keeper, const struct link_message *message)
{
	recipe_resume(keeper->recipe);
	runs_resume(&keeper->runs);
	keeper_look_again(keeper);
	return keeper->state;
}

/* Reports the loss once, however many connections fail before an answer. */
static enum keeper_state
say_lost(struct keeper *keeper, const char *why)
{
	int64_t left_ms, now_ms;

	/* Count the processes to kill now, while there is time. */
	if ((keeper->state & (RUNNING | LINGERING)) != 0) {
		(void)proctree_signal(&keeper->tree, 0, 0);
		keeper->kill_takes_ms = proctree_kill_takes_ms(&keeper->tree);
	}
	if (keeper->said_lost)
		return keeper->state;
	keeper->said_lost = true;
	now_ms = clock_ms();
	if (keeper->lost || (keeper->state &
	    (RUNNING | LINGERING | STOPPING | KILLING)) == 0)
		log_notice("lost contact with ZooKeeper for '%s' (%s)",
		    keeper->options->task, why);
	else if ((keeper->state & (STOPPING | KILLING)) != 0 ||
	    keeper->options->ignore_loss) {
		left_ms = keeper->lease.expiry_ms - now_ms;
		log_notice("lost contact with ZooKeeper (%s); the lease of "
		    "'%s' may expire in %.1fs", why, keeper->options->task,
		    left_ms > 0 ? (double)left_ms / 1000 : 0);
	} else {
		left_ms = keeper_stop_ms(keeper) - now_ms;
		log_notice("lost contact with ZooKeeper (%s); stopping '%s' "
		    "in %.1fs unless contact returns", why,
		    keeper->options->task,
		    left_ms > 0 ? (double)left_ms / 1000 : 0);
	}
	return keeper->state;
}

enum keeper_state
keeper_say_contact_lost(struct keeper *keeper,
    const struct link_message *message)
{
	char problems[512];

	/* Before the first answer, the retry policy decides and reports. */
	if (!keeper->connector.proven)
		return keeper->state;
	connector_explain(&keeper->connector, problems, sizeof(problems));
	return say_lost(keeper, problems);
}

/* The connection is kept, because no other server is left to try. */
enum keeper_state
keeper_say_silent(struct keeper *keeper, const struct link_message *message)
{
	char why[256];

	(void)snprintf(why, sizeof(why), "%s: no answer for %.1fs, and no "
	    "other server to try", connector_server(&keeper->connector),
	    (double)(clock_ms() - session_unanswered_since_ms(
	    &keeper->connector.session)) / 1000);
	return say_lost(keeper, why);
}

/* The servers refuse beats: somebody changed the ACL of the lease node. */
enum keeper_state
keeper_cannot_prove(struct keeper *keeper, const struct link_message *message)
{
	bool ignores = keeper->options->ignore_loss;

	/* With --on-loss ignore every later beat leads here again. */
	if (keeper->lost)
		return keeper->state;
	log_error("cannot check the lease node of '%s' any longer: %s; %s",
	    keeper->options->task, keeper->claim->reason,
	    ignores ? "the command runs on (--on-loss ignore)" :
	    "stopping the command");
	if (ignores) {
		keeper_lose(keeper);
		link_send_type(keeper->link, LINK_LOST);
		return keeper->state;
	}
	keeper->exit_code = EXITCODE_LOST;
	keeper->hold_over = true;
	return keeper_stop_all(keeper, message);
}
