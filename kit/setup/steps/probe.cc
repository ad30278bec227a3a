// Compiles wherever a C++ compiler finds its standard library.
#include <string>
#include <vector>
std::vector<std::string> probe() { return {"kintsugi"}; }
