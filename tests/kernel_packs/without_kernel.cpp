// A kernel pack for tests that adds nothing.
extern "C" int add_no_kernel() { return 0; }
