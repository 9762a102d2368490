# Mail that alignd marked for quarantine goes to the junk folder (quarantine_by = header, the default). With
# Dovecot: sieve_before = /etc/dovecot/sieve/junk.sieve
require ["fileinto", "mailbox"];

if header :is "X-Alignd-Disposition" "quarantine" {
	fileinto :create "Junk";
	stop;
}
