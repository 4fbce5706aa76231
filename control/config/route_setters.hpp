// What each row below routes[] in config_schema.cpp does with a checked value.
//
// Threads: any (pure but for the Draft given).
#pragma once

#include "control/config/config_schema.hpp"

#include <string_view>

namespace fairlead::control {

namespace begin {
Checked<> route(Draft& draft, std::string_view name);
Checked<> share(Draft& draft, std::string_view name);
Checked<> redirect(Draft& draft, std::string_view name);
}  // namespace begin

namespace end {
Checked<> split(Draft& draft);
Checked<> methods(Draft& draft);
Checked<> allow(Draft& draft);
Checked<> redirect(Draft& draft);
Checked<> rate_limit(Draft& draft);
Checked<> route(Draft& draft);
}  // namespace end

namespace set {
Checked<> route_host(Draft& draft, const Value& value);
Checked<> route_path(Draft& draft, const Value& value);
Checked<> route_service(Draft& draft, const Value& value);
Checked<> match_method(Draft& draft, const Value& value);
Checked<> match_header(Draft& draft, const Value& value);
Checked<> match_query(Draft& draft, const Value& value);
Checked<> share_service(Draft& draft, const Value& value);
Checked<> share_weight(Draft& draft, const Value& value);
Checked<> split_by(Draft& draft, const Value& value);
Checked<> rewrite_prefix(Draft& draft, const Value& value);
Checked<> rewrite_host(Draft& draft, const Value& value);
Checked<> redirect_scheme(Draft& draft, const Value& value);
Checked<> redirect_status(Draft& draft, const Value& value);
Checked<> redirect_host(Draft& draft, const Value& value);
Checked<> redirect_port(Draft& draft, const Value& value);
Checked<> redirect_path(Draft& draft, const Value& value);
Checked<> request_header_set(Draft& draft, const Value& value);
Checked<> request_header_add(Draft& draft, const Value& value);
Checked<> request_header_remove(Draft& draft, const Value& value);
Checked<> response_header_set(Draft& draft, const Value& value);
Checked<> response_header_add(Draft& draft, const Value& value);
Checked<> response_header_remove(Draft& draft, const Value& value);
Checked<> rate_requests(Draft& draft, const Value& value);
Checked<> rate_per(Draft& draft, const Value& value);
Checked<> rate_burst(Draft& draft, const Value& value);
Checked<> rate_by(Draft& draft, const Value& value);
Checked<> allow(Draft& draft, const Value& value);
Checked<> deny(Draft& draft, const Value& value);
}  // namespace set

}  // namespace fairlead::control
