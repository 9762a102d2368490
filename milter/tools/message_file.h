/* message_file.h - a message from a file, told to a session as an MTA would tell it. */
#ifndef ALIGND_TOOLS_MESSAGE_FILE_H
#define ALIGND_TOOLS_MESSAGE_FILE_H

#include "base/error.h"
#include "session/session.h"

#define MESSAGE_FILE_MAX (64 * 1024 * 1024) /* larger than what MTAs take by default */

struct message_file {
	char *bytes; /* as read, NUL after the end */
	size_t len;
};

/* Read `path`, or standard input for "-". False and the reason. */
bool message_file_read(struct message_file *m, const char *path, struct error *why);
void message_file_free(struct message_file *m);

/* Tell header, end of header and body. Lines may end in LF or CRLF; the body is told with CRLF, as
 * from SMTP. An mbox "From " line at the top is left out. A line that is no header field ends the
 * header, as in Postfix. */
void message_file_tell(struct message_file *m, struct session *s);

#endif
