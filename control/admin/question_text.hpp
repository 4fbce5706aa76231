// A request that somebody asks about, as it is written: METHOD, URL, headers, the client's address.
//
// Threads: any (pure).
#pragma once

#include "proxy/base/checked.hpp"
#include "proxy/explanation.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::control {

/// `url`: http:// or https://, with a host. `headers`: "Name: value" each. `client`: an address, or
/// "". What HTTP would refuse in a request is no problem here: to tell of it is what explaining is
/// for.
Checked<Question> read_question(std::string_view method, std::string_view url,
                                const std::vector<std::string>& headers, std::string_view client);

}  // namespace fairlead::control
