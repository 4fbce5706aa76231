#include "proxy/http/request_facts.hpp"

#include "proxy/base/ascii.hpp"

#include <algorithm>

namespace fairlead::http {
namespace {

bool any_field(const void* head, const model::ValueCondition& condition) {
    const auto& fields = static_cast<const RequestHead*>(head)->fields;
    return std::any_of(fields.begin(), fields.end(), [&](const Field& field) {
        return ascii::iequals(field.name, condition.name) && condition.holds(field.value);
    });
}

}  // namespace

model::RequestFacts request_facts(const RequestHead& head) noexcept {
    model::RequestFacts facts;
    facts.method = head.method_name;
    if (head.target.size() > head.path.size())
        facts.query = head.target.substr(head.path.size() + 1);
    facts.head = &head;
    facts.any_field = any_field;
    return facts;
}

}  // namespace fairlead::http
