/* aggregate_xml.h - an aggregate report as XML: RFC 9990, or RFC 7489 for readers that know no
 * other. The same report gives the same bytes. Text from mail and DNS is escaped; bytes that
 * XML 1.0 forbids are dropped. */
#ifndef ALIGND_REPORT_AGGREGATE_XML_H
#define ALIGND_REPORT_AGGREGATE_XML_H

#include "base/strbuf.h"
#include "report/aggregate.h"

enum aggregate_format { AGGREGATE_RFC9990, AGGREGATE_RFC7489 };

/* Append the document. False: out of memory, over the cap of `out`, or a report without records. */
bool aggregate_xml_write(struct strbuf *out, const struct aggregate *a,
			 enum aggregate_format format);

#endif
