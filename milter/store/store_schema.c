/* store_schema.c - the tables of the store. A step, once released, is never changed: a new one
 * follows it. Days are UTC, counted from 1970.
 * - policy: each distinct policy seen of a domain in a day; one report is made for each
 * - aggregate: the counted tuples, messages that a report cannot tell apart
 * - outcome: what became of the messages of a day, reportable or not
 * - entered: days whose reports have been entered (1) or are being entered (0); a policy that comes
 *   later opens its day again
 * - report: one for each policy of a closed day that asks for reports
 * - delivery: its destinations; each is sent to at most once
 *
 * The primary keys begin with the day: a day is one stretch of the file, what is written today does
 * not depend on how many days are kept, and an old day is deleted from one end to the other. */
#include "store/store_schema.h"

#include <assert.h>

static const char *const steps[STORE_SCHEMA_VERSION] = {
    "CREATE TABLE policy ("
    " day INTEGER NOT NULL, domain TEXT NOT NULL, policy BLOB NOT NULL,"
    " p TEXT NOT NULL, sp TEXT NOT NULL, np TEXT NOT NULL, adkim TEXT NOT NULL, aspf TEXT NOT NULL,"
    " fo TEXT NOT NULL, testing TEXT NOT NULL, discovery TEXT NOT NULL, error TEXT NOT NULL,"
    " rua TEXT NOT NULL,"
    " PRIMARY KEY (day, domain, policy)) WITHOUT ROWID;"
    "CREATE TABLE aggregate ("
    " day INTEGER NOT NULL, domain TEXT NOT NULL, policy BLOB NOT NULL, key BLOB NOT NULL,"
    " source_ip TEXT NOT NULL, header_from TEXT NOT NULL, envelope_from TEXT NOT NULL,"
    " disposition TEXT NOT NULL, dkim_aligned INTEGER NOT NULL, spf_aligned INTEGER NOT NULL,"
    " reason TEXT NOT NULL, comment TEXT NOT NULL,"
    " spf_domain TEXT NOT NULL, spf_result TEXT NOT NULL, dkim TEXT NOT NULL,"
    " count INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
    " PRIMARY KEY (day, domain, policy, key)) WITHOUT ROWID;"
    "CREATE TABLE outcome ("
    " day INTEGER NOT NULL, dmarc TEXT NOT NULL, action TEXT NOT NULL, count INTEGER NOT NULL,"
    " PRIMARY KEY (day, dmarc, action)) WITHOUT ROWID;"
    "CREATE TABLE entered (day INTEGER PRIMARY KEY, done INTEGER NOT NULL);"
    "CREATE TRIGGER late_policy AFTER INSERT ON policy"
    " BEGIN DELETE FROM entered WHERE day = new.day; END;"
    "CREATE TABLE report ("
    " day INTEGER NOT NULL, domain TEXT NOT NULL, policy BLOB NOT NULL, id TEXT NOT NULL,"
    " state TEXT NOT NULL, attempts INTEGER NOT NULL, next INTEGER NOT NULL, changed INTEGER NOT "
    "NULL,"
    " error TEXT NOT NULL,"
    " PRIMARY KEY (day, domain, policy)) WITHOUT ROWID;"
    "CREATE INDEX report_next ON report (state, next);"
    "CREATE TABLE delivery ("
    " day INTEGER NOT NULL, domain TEXT NOT NULL, policy BLOB NOT NULL, destination TEXT NOT NULL,"
    " state TEXT NOT NULL, changed INTEGER NOT NULL, error TEXT NOT NULL,"
    " PRIMARY KEY (day, domain, policy, destination)) WITHOUT ROWID;"
    "CREATE INDEX delivery_sent ON delivery (changed) WHERE state = 'sent';",
};

const char *store_schema_step(int64_t version)
{
	assert(version >= 0 && version < STORE_SCHEMA_VERSION);
	return steps[version];
}
