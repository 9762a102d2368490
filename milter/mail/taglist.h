/* taglist.h - tag=value lists as DKIM-Signature, DKIM keys (RFC 6376 3.2) and DMARC records (RFC
 * 9989 4.8) use them. An iterator that copies nothing; linear, any byte allowed in the text. */
#ifndef ALIGND_MAIL_TAGLIST_H
#define ALIGND_MAIL_TAGLIST_H

#include <stdbool.h>
#include <stddef.h>

/* One tag=value, both borrowed from the text, trimmed of white space at both ends. Not
 * NUL-terminated. */
struct tag {
	const char *name;
	size_t name_len; /* at least 1 */
	const char *value;
	size_t value_len; /* may be 0 */
};

/* The iterator. `bad` is sticky: some element was no tag=value (no '=', a name that is not a letter
 * followed by letters, digits and '_', an empty element before the last ';') or a value had a byte
 * that is neither printable ASCII, white space nor part of UTF-8. DKIM refuses such a list; DMARC
 * goes on without the element. */
struct taglist {
	const char *at, *end;
	bool bad;
};

/* Begin at the first element. `text` is borrowed and may hold any byte; NULL with 0 is an empty
 * list. */
void taglist_start(struct taglist *t, const char *text, size_t len);

/* The next element that has a name and '='; elements that have none are passed over (and make the
 * list `bad`). A value with an odd byte is still delivered: compare it, it will not be what you
 * look for. White space is blank, tab, CR, LF. False at the end. */
bool taglist_next(struct taglist *t, struct tag *tag_r);

/* True if a name appears twice, or the list has more than 64 tags (nobody needs them). */
bool taglist_repeats(const char *text, size_t len);

/* Comparing `name`, or the value, case-sensitively; the value also without regard to ASCII case. */
bool tag_named(const struct tag *tag, const char *name);
bool tag_value_is(const struct tag *tag, const char *value);
bool tag_value_is_nocase(const struct tag *tag, const char *value);

/* Iterate over the words between the colons of a value, without the white space around them; empty
 * ones are passed over. Begin with `*at` NULL. False at the end, and for a tag with a NULL name,
 * which is none. */
bool tag_next_word(const struct tag *tag, const char **at, const char **word_r, size_t *len_r);

/* True if one of these words is `word`, in any case. */
bool tag_has_word(const struct tag *tag, const char *word);

/* Copy the value with a final NUL, without any white space: base64, URI lists. False if it does not
 * fit in `size` bytes (at least 1) or holds a NUL ("" then). */
bool tag_value_squeeze(const struct tag *tag, char *buf_r, size_t size);

#endif
