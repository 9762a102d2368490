#include <sysexits.h>
#include "tools/tools.h"
int tool_report(int argc, char **argv) { (void)argc; (void)argv; return EX_OK; }
