"""What a test of the programs needs: a folder of its own, and a DNS where it has a zone."""
import os
import shutil
import tempfile
import unittest

import mockdns


class Scratch(unittest.TestCase):
    """self.work is the folder; self.dns answers from `zone`, unless that is None. Both are gone after the test."""
    zone = None

    def setUp(self):
        self.work = tempfile.mkdtemp(prefix='alignd-test-')
        self.addCleanup(shutil.rmtree, self.work, ignore_errors=True)
        if self.zone is not None:
            self.dns = mockdns.MockDNS(self.zone).__enter__()
            self.addCleanup(self.dns.__exit__)

    def path(self, name):
        return os.path.join(self.work, name)

    def write(self, name, text, mode='w'):
        with open(self.path(name), mode) as f:
            f.write(text)
        return self.path(name)
