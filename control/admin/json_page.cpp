#include "control/admin/json_page.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>

#include <exception>

namespace fairlead::control {

namespace json = boost::json;

std::string text_at(const json::object& object, std::string_view key) {
    return json::value_to<std::string>(object.at(key));
}

const json::array& list_at(const json::object& object, std::string_view key) {
    return object.at(key).as_array();
}

std::string origin_at(const json::object& object) {
    const auto& origin = object.at("origin").as_object();
    return text_at(origin, "source") + ": " + text_at(origin, "place");
}

Checked<std::string> render_page(std::string_view body, std::string (*text)(const json::object&)) {
    try {
        return text(json::parse(body).as_object());
    } catch (const std::exception& e) {
        return problem(
            "the answer is not what this version expects ({}); --json prints it as it is",
            e.what());
    }
}

}  // namespace fairlead::control
