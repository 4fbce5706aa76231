#include "proxy/base/checked.hpp"

#include <cstdio>
#include <cstdlib>

namespace fairlead {

void throw_exception_from_error(const Problem& problem, const boost::source_location&) {
    std::fprintf(stderr, "fairlead: value() of a problem: %s\n", problem.text().c_str());
    std::abort();
}

}  // namespace fairlead
