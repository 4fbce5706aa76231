#include "proxy/balance/round_robin.hpp"

#include "proxy/balance/schedule.hpp"

namespace fairlead::balance {
namespace {

class RoundRobin final : public model::Policy {
public:
    explicit RoundRobin(const std::vector<model::Endpoint>& endpoints) : schedule_(endpoints) {}

    const model::Endpoint* pick(const model::PickInput& input,
                                model::Cursor& cursor) const override {
        if (schedule_.size() == 0) return nullptr;
        const auto* const next = schedule_.allowed_from(cursor.position % schedule_.size(), input);
        // A turn that nobody can take is not spent: the next pick asks for less, and of two
        // endpoints the same one would always be its turn.
        if (next != nullptr) ++cursor.position;
        return next;
    }

private:
    Schedule schedule_;
};

}  // namespace

model::PolicyPtr make_round_robin(const std::vector<model::Endpoint>& endpoints) {
    return std::make_unique<RoundRobin>(endpoints);
}

}  // namespace fairlead::balance
