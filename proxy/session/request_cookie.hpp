// A cookie of a request.
//
// Threads: any (pure). Cost: linear in the fields; no allocation.
#pragma once

#include "proxy/http/message.hpp"

#include <string_view>

namespace fairlead::session {

/// RFC 6265 5.4: "a=1; b=2", in one field or several. The first of that name; "" where there is
/// none.
std::string_view cookie_of(const http::RequestHead& request, std::string_view name) noexcept;

}  // namespace fairlead::session
