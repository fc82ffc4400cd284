/*
 * What the programs of one question share: they ask as soon as there is
 * contact, and all over again when it was lost.
 */
#ifndef ZKRUN_ASK_H
#define ZKRUN_ASK_H

#include <stdint.h>

struct connector;
struct session_event;

enum ask_news {
	ASK_NOW,		/* contact; nothing asked before is answered */
	ASK_EVENT,		/* a reply or a fired watch */
	ASK_LATE,		/* give_up_ms has come */
	ASK_UNREACHABLE,	/* and one line has said so */
	ASK_REJECTED,	/* our credentials are, likewise */
};

/*
 * Blocks until there is news.  With ASK_EVENT, *event is the caller's, to be
 * freed; else it is NULL.  Verb and object are those of the message that there
 * is no contact.
 */
enum ask_news	ask_wait(struct connector *, int64_t give_up_ms,
			    const char *verb, const char *object,
			    struct session_event **event);

#endif
