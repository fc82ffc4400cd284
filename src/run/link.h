/*
 * The messages between guard and keeper, over a SOCK_SEQPACKET pair.
 *
 * No call here blocks: a message that does not fit into the socket is queued.
 * The queue stays small, because a newer session, report or equal signal
 * replaces the queued one.  The expiry of the lease is in shared memory: only
 * the newest value counts, and a guard that was stopped for an hour finds it.
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
	LINK_SESSION,	/* connected; the data to close the session with */
	LINK_HELD,	/* the keeper has the lease: may the command start? */
	LINK_WAITING,	/* withdraws LINK_HELD: no command was started */
	LINK_STARTED,	/* the command exists */
	LINK_HEARD,	/* the keeper received this signal */
	LINK_EXITED,	/* the command ended */
	LINK_LOST,	/* the lease is lost */
	LINK_RELEASING,	/* all processes are dead; the lease is released next */
	LINK_DONE,	/* everything is cleaned up: exit with this status */
	LINK_ALIVE,	/* the keeper's state in words; answers LINK_PING */
	/* guard to keeper */
	LINK_GO,	/* answers LINK_HELD: start the command */
	LINK_AGAIN,	/* answers LINK_HELD: too late, ask again */
	LINK_SIGNAL,	/* send this signal to the command */
	LINK_TELL,	/* print a line about the waiting (SIGUSR1) */
	LINK_PING,	/* answer from your loop; report changes from now on */
	LINK_STOP,	/* leave the queue, or stop the command and release */
	LINK_LOSE,	/* contact is lost, the guard asked the tree to stop */
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
		/*
		 * The number of a LINK_HELD; LINK_GO and LINK_AGAIN repeat it.
		 */
		int64_t	question;
		int	runs;	/* LINK_STARTED; 0: execve(2) has failed */
		struct {
			int	number;
			pid_t	sender;
			/*
			 * The signal has reached the process group of guard and
			 * keeper.  LINK_HEARD: the command existed, and may be
			 * in the group.  LINK_SIGNAL: guard and keeper received
			 * the signal.
			 */
			int	in_group;
			/*
			 * LINK_SIGNAL: the guard thought that the command ran.
			 */
			int	for_command;
		} signal;			/* LINK_HEARD, LINK_SIGNAL */
		struct {
			int	status;
			int	killed_by;	/* a signal, or 0 */
		} ended;			/* LINK_EXITED, LINK_DONE */
		struct {
			int	status;		/* the likely exit status */
			int64_t	hold_ms;	/* --hold keeps the lease */
		} releasing;			/* LINK_RELEASING */
		char	report[LINK_REPORT_SIZE]; /* LINK_ALIVE */
	};
};

struct link_queued;

/* The lease, by the last proof that the keeper received. */
struct link_shared {
	_Atomic int64_t	expiry_ms;
	_Atomic int64_t	timeout_ms;		/* T of the lease clock */
};

/* One end of the link. */
struct link {
	int	fd;				/* -1 when closed */
	struct link_shared *shared;		/* mapped in both processes */
	STAILQ_HEAD(link_queue, link_queued) queue;
};

/*
 * Opens both ends, close-on-exec and non-blocking; link_close() closes each.
 * Returns 0, or -1 with errno set.
 */
int	link_pair(struct link *guard, struct link *keeper);

/*
 * Sends a message, or queues it for link_flush().  Drops it if the peer is dead
 * or this end is closed.  Closes this end if there is no memory to queue it.
 */
void	link_send(struct link *, const struct link_message *);

/* Sends a message that has only a type. */
void	link_send_type(struct link *, enum link_type);

/*
 * Shares the time at which the lease may expire, on the clock of clock.h, and
 * T.  The getters return the newest values, and 0 instead of an impossible
 * value.
 */
void	link_set_lease(struct link *, int64_t expiry_ms, int64_t timeout_ms);
int64_t	link_expiry_ms(const struct link *);
int64_t	link_timeout_ms(const struct link *);

/* Sends queued messages until the socket is full. */
void	link_flush(struct link *);

/* Returns whether messages are queued, so that the loop polls for POLLOUT. */
bool	link_is_full(const struct link *);

/*
 * Reads the next message.  Returns 1, or 0 if there is no message, or -1 if
 * this end or the peer's is closed or the message is not valid.
 */
int	link_receive(struct link *, struct link_message *);

/* Closes this end and frees its queue.  Does nothing if this end is closed. */
void	link_close(struct link *);

#endif
