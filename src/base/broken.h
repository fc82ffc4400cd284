/*
 * Three ways to be wrong.  They are for tests/torture/broken alone, which builds
 * a zkrun with each and shows that the checker of make torture sees it.
 * ZKRUN_TORTURE is defined there and nowhere else; without it they are refused.
 */
#ifndef ZKRUN_BROKEN_H
#define ZKRUN_BROKEN_H

#ifndef ZKRUN_BROKEN
#define ZKRUN_BROKEN 0
#elif !defined(ZKRUN_TORTURE)
#error "ZKRUN_BROKEN is for tests/torture/broken alone"
#endif

/* The lease is released while what the command has left still lives. */
#define BROKEN_EARLY_RELEASE	(ZKRUN_BROKEN == 1)
/* Beats are reads, and reads count as proof. */
#define BROKEN_READS_PROVE	(ZKRUN_BROKEN == 2)
/* A node of ours is not found again if the reply to its create was lost. */
#define BROKEN_NO_RECOVERY	(ZKRUN_BROKEN == 3)

#endif
