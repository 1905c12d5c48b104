// A broken module for tests: a shared library that has no runner function.
extern "C" int something_else() { return 1; }
