/* aggregate_xml.h - an aggregate report as XML: RFC 9990, or RFC 7489 for readers that know no
 * other. The same report gives the same bytes. Text from mail and DNS is escaped; bytes that
 * XML 1.0 forbids are dropped. */
#ifndef ALIGND_REPORT_AGGREGATE_XML_H
#define ALIGND_REPORT_AGGREGATE_XML_H

#include "base/strbuf.h"
#include "report/aggregate.h"

enum aggregate_format { AGGREGATE_RFC9990, AGGREGATE_RFC7489 };

/* Takes the next bytes of the document; false ends it. */
typedef bool aggregate_xml_sink(void *arg, const char *bytes, size_t n);

/* Hand the document over piece by piece: it is fifty times as long as its compressed form. False:
 * out of memory, the sink had enough, or a report without records. */
bool aggregate_xml_send(aggregate_xml_sink *sink, void *arg, const struct aggregate *a,
			enum aggregate_format format);

/* Append the document. False as above; the sink is `out` with its cap. */
bool aggregate_xml_write(struct strbuf *out, const struct aggregate *a,
			 enum aggregate_format format);

#endif
