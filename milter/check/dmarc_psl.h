/* dmarc_psl.h - organizational domains by the Public Suffix List, as RFC 7489 3.2 had them. For
 * `discovery = psl` only; RFC 9989 needs no list. */
#ifndef ALIGND_CHECK_DMARC_PSL_H
#define ALIGND_CHECK_DMARC_PSL_H

#include "base/error.h"

/* One list, read-only once loaded: any number of threads may ask it. */
struct dmarc_psl;

/* Load the list from a file, as text or compiled (DAFSA). NULL and the reason: unreadable, or no
 * list in it. */
struct dmarc_psl *dmarc_psl_new(const char *path, struct error *why);
void dmarc_psl_free(struct dmarc_psl *p); /* NULL is fine */

/* The organizational domain of a normal name, inside `name`: one label more than its public suffix.
 * A public suffix stands for itself, so that it aligns with nothing below it. A top-level name not
 * listed is a public suffix. */
const char *dmarc_psl_org(const struct dmarc_psl *p, const char *name);

#endif
