/* include.c - the names of the files that an include asks for. */
#include "config/include.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* `folder` is empty or ends in a slash. */
static void add_name(struct include *names, const char *folder, const char *name, struct error *why)
{
	char *path = NULL;

	if (names->count == INCLUDE_MAX_FILES)
		error_set(why, "more than %d files", INCLUDE_MAX_FILES);
	else if (asprintf(&path, "%s%s", folder, name) < 0)
		error_set(why, "out of memory");
	else
		names->name[names->count++] = path;
}

/* The files of a folder that match, in the order of the bytes of their names, whatever the locale.
 * No folder, no files. Not by glob(3): the C library of Debian 12 frees twice when it runs out of
 * memory there. */
static void list_folder(struct include *names, const char *folder, const char *pattern,
			struct error *why)
{
	DIR *d = opendir(folder[0] != '\0' ? folder : ".");
	struct dirent *e;

	if (d == NULL) {
		if (errno != ENOENT)
			error_set(why, "%s", strerror(errno));
		return;
	}
	while (why->text[0] == '\0' && (e = readdir(d)) != NULL)
		if (fnmatch(pattern, e->d_name, FNM_PERIOD) == 0)
			add_name(names, folder, e->d_name, why);
	closedir(d);
	qsort(names->name, names->count, sizeof(names->name[0]), by_name);
}

/* Bytes of the path up to its last slash, that included. */
static int folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? (int)(slash + 1 - path) : 0;
}

bool include_find(struct include *names_r, const char *from, const char *pattern, struct error *why)
{
	const char *last = pattern + folder_length(pattern);
	char *folder = NULL;

	names_r->count = 0;
	why->text[0] = '\0';
	if (asprintf(&folder, "%.*s%.*s", pattern[0] == '/' ? 0 : folder_length(from), from,
		     folder_length(pattern), pattern) < 0) {
		folder = NULL;
		error_set(why, "out of memory");
	} else if (strpbrk(last, "*?[") != NULL) {
		list_folder(names_r, folder, last, why);
	} else {
		add_name(names_r, folder, last, why);
	}
	free(folder);
	if (why->text[0] == '\0')
		return true;
	include_free(names_r);
	return false;
}

void include_free(struct include *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->name[i]);
	names->count = 0;
}
