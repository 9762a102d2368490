/* dmarc_psl.c - organizational domains by the Public Suffix List. The only file that includes
 * libpsl. */
#include "check/dmarc_psl.h"

#include <libpsl.h>
#include <stdlib.h>

struct dmarc_psl {
	psl_ctx_t *list;
};

struct dmarc_psl *dmarc_psl_new(const char *path, struct error *why)
{
	struct dmarc_psl *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		error_set(why, "out of memory");
		return NULL;
	}
	if ((p->list = psl_load_file(path)) == NULL) {
		error_set(why, "%s: cannot be read as a public suffix list", path);
	} else if (psl_suffix_count(p->list) == 0) {
		/* A compiled list says -1: it does not count. */
		error_set(why, "%s: no public suffix in it", path);
	} else {
		return p;
	}
	dmarc_psl_free(p);
	return NULL;
}

void dmarc_psl_free(struct dmarc_psl *p)
{
	if (p == NULL)
		return;
	psl_free(p->list);
	free(p);
}

const char *dmarc_psl_org(const struct dmarc_psl *p, const char *name)
{
	const char *org = psl_registrable_domain(p->list, name);

	return org != NULL ? org : name;
}
