/*
 * The messages between guard and keeper, over a SOCK_SEQPACKET pair.
 *
 * Neither side waits for the other: a message that does not fit is queued.  What
 * is queued stays small, because a newer session, report or signal replaces an
 * older one.  The expiry of the lease is in shared memory, because only the
 * newest counts: a guard that was stopped for an hour finds it up to date.
 */
#ifndef ZKRUN_LINK_H
#define ZKRUN_LINK_H

#include <sys/types.h>
#include <sys/queue.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LINK_PASSWORD_SIZE	16
#define LINK_REPORT_SIZE	192

enum link_type {
	/* keeper to guard, in about this order */
	LINK_SESSION,	/* connected: what it takes to close the session */
	LINK_HELD,	/* the lease is ours; may the command start? */
	LINK_WAITING,	/* takes LINK_HELD back: nothing was started */
	LINK_STARTED,	/* the command exists */
	LINK_HEARD,	/* the keeper heard this signal */
	LINK_EXITED,	/* the command ended */
	LINK_LOST,	/* the lease is lost, the command is being stopped */
	LINK_RELEASING,	/* nothing runs any more; the lease is given up */
	LINK_DONE,	/* all is cleaned up: exit with this status */
	LINK_ALIVE,	/* how things stand; also the answer to LINK_PING */
	/* guard to keeper */
	LINK_GO,	/* answer to LINK_HELD: start the command */
	LINK_AGAIN,	/* answer to LINK_HELD: too late, ask again */
	LINK_SIGNAL,	/* send this signal to the command */
	LINK_TELL,	/* say how the waiting goes */
	LINK_PING,	/* answer, if your loop turns, and report from now on */
	LINK_STOP,	/* leave the line, or stop the command and release */
	LINK_LOSE,	/* lease lost: the command was asked to stop */
	LINK_TYPES
};

struct link_session {
	int64_t	id;
	int64_t	timeout_ms;			/* as negotiated */
	char	password[LINK_PASSWORD_SIZE];
};

struct link_message {
	enum link_type type;
	union {
		struct link_session session;	/* LINK_SESSION */
		int64_t	question;	/* LINK_HELD, _GO, _AGAIN: which one */
		int	runs;			/* LINK_STARTED; 0: only ends */
		struct {
			int	number;
			pid_t	sender;
			/*
			 * HEARD: there is a command; SIGNAL: guard and keeper
			 * have heard it.  So their process group has it.
			 */
			int	in_group;
			/* SIGNAL: the guard knew of no end of the command. */
			int	for_command;
		} signal;			/* LINK_HEARD, LINK_SIGNAL */
		struct {
			int	status;
			int	killed_by;	/* this signal, or 0 */
		} ended;			/* LINK_EXITED, LINK_DONE */
		struct {
			int	status;		/* to exit with, as it looks */
			int64_t	hold_ms;	/* that the lease is kept */
		} releasing;			/* LINK_RELEASING */
		char	report[LINK_REPORT_SIZE]; /* LINK_ALIVE */
	};
};

struct link_queued;

/* The lease, as the keeper last proved it. */
struct link_shared {
	_Atomic int64_t	expiry_ms;
	_Atomic int64_t	timeout_ms;		/* T of the lease clock */
};

struct link {
	int	fd;				/* -1 when closed */
	struct link_shared *shared;		/* by both processes */
	STAILQ_HEAD(link_queue, link_queued) queue;
};

/*
 * Makes both ends, close-on-exec and non-blocking.  Returns -1 and sets errno
 * on failure.
 */
int	link_pair(struct link *guard, struct link *keeper);

/* Sends a message, now or from link_flush(); to a dead peer, nothing. */
void	link_send(struct link *, const struct link_message *);

/* The same for a message that has nothing but a type. */
void	link_send_type(struct link *, enum link_type);

/* Tells and asks until when the lease cannot pass on; the newest counts. */
void	link_set_lease(struct link *, int64_t expiry_ms, int64_t timeout_ms);
int64_t	link_expiry_ms(const struct link *);
int64_t	link_timeout_ms(const struct link *);

/* Sends what is queued, as far as it fits. */
void	link_flush(struct link *);

/* Says whether something is queued: poll for POLLOUT then. */
bool	link_is_full(const struct link *);

/*
 * Reads the next message.  Returns 1, 0 when there is none, -1 when the peer
 * has closed its end, or says what makes no sense.  Never blocks.
 */
int	link_receive(struct link *, struct link_message *);

/* Closes this end and drops the queue. */
void	link_close(struct link *);

#endif
