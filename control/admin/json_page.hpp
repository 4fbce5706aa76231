// Reads the admin endpoint's JSON pages for the commands that print them as text.
//
// Threads: any (pure). The readers throw, as Boost.JSON does, on a member that is missing or of
// another type; render_page() catches that.
#pragma once

#include "proxy/base/checked.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <string>
#include <string_view>

namespace fairlead::control {

std::string text_at(const boost::json::object& object, std::string_view key);
const boost::json::array& list_at(const boost::json::object& object, std::string_view key);
/// "source: place", of the member `origin`.
std::string origin_at(const boost::json::object& object);

/// `text` of the page that `body` is; a problem where it is another version's page.
Checked<std::string> render_page(std::string_view body,
                                 std::string (*text)(const boost::json::object&));

}  // namespace fairlead::control
