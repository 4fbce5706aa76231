#include "proxy/balance/p2c.hpp"

#include "proxy/balance/schedule.hpp"

namespace fairlead::balance {
namespace {

// in_flight / weight, compared without division. Idle endpoints are equal, whatever their weight:
// the draw is by weight already, and a light endpoint would else get nothing when there is little
// to do.
bool is_less_loaded(const model::Endpoint& a, const model::Endpoint& b) noexcept {
    const auto load = [](const model::Endpoint& e) { return std::uint64_t{e.state->in_flight()}; };
    return load(a) * b.weight < load(b) * a.weight;
}

class P2c final : public model::Policy {
public:
    explicit P2c(const std::vector<model::Endpoint>& endpoints) : schedule_(endpoints) {}

    const model::Endpoint* pick(const model::PickInput& input,
                                model::Cursor& cursor) const override {
        const auto turns = schedule_.size();
        if (turns == 0) return nullptr;
        const auto turn = cursor.random.below(turns);
        const auto* const first = schedule_.allowed_from(turn, input);
        if (first == nullptr || turns == 1) return first;
        // A second turn that differs from the first: an offset of 1 to turns - 1.
        const auto other = (turn + 1 + cursor.random.below(turns - 1)) % turns;
        const auto* const second = schedule_.allowed_from(other, input);
        // Another thread may have closed the last allowed one since.
        return second != nullptr && is_less_loaded(*second, *first) ? second : first;
    }

private:
    Schedule schedule_;
};

}  // namespace

model::PolicyPtr make_p2c(const std::vector<model::Endpoint>& endpoints) {
    return std::make_unique<P2c>(endpoints);
}

}  // namespace fairlead::balance
