/*
 * What the programs of one question share: they ask as soon as there is
 * contact, and all over again when it was lost.
 */
#ifndef ZKRUN_ASK_H
#define ZKRUN_ASK_H

#include <stdint.h>

struct connector;
struct session_event;

enum errand_news {
	ERRAND_ASK,		/* contact; nothing asked before is answered */
	ERRAND_EVENT,		/* a reply or a fired watch */
	ERRAND_LATE,		/* give_up_ms has come */
	ERRAND_UNREACHABLE,	/* and one line has said so */
	ERRAND_REJECTED,	/* our credentials are, likewise */
};

/*
 * Blocks until there is news.  With ERRAND_EVENT, *event is the caller's, to be
 * freed; else it is NULL.  Verb and object are those of the message that there
 * is no contact.
 */
enum errand_news	errand_wait(struct connector *, int64_t give_up_ms,
			    const char *verb, const char *object,
			    struct session_event **event);

#endif
