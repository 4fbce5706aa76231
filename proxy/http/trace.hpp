// The one id by which a request is found again: in our access log, in a balancer's
// (X-Amzn-Trace-Id) and in the applications' traces (W3C Trace Context, traceparent).
//
// What a request has is passed on as it is; what it has not is derived from the other, or made. The
// root of an X-Amzn-Trace-Id, 1-<8 hex digits>-<24>, and the 32 digits of a trace-id are the same
// id.
//
// Threads: one worker. Cost: two flags are looked at for what is there, about 360 instructions to
// make both; no allocation.
#pragma once

#include "proxy/base/random.hpp"
#include "proxy/http/message.hpp"
#include "proxy/model/config.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fairlead::http {

class Trace {
public:
    /// `now`: seconds since 1970, which a new id begins with.
    Trace(const RequestHead& head, const model::TraceSettings& settings, Random& random,
          std::uint32_t now) noexcept;

    /// 32 hex digits; "" where the request has no id and none is to be made.
    std::string_view id() const noexcept { return {id_.data(), id_size_}; }
    /// The root of the request's X-Amzn-Trace-Id as sent, where it is not the same id.
    std::string_view amzn_root() const noexcept { return amzn_root_; }

    /// What the endpoint gets besides the request's fields, and which of those it does not get.
    HeadChanges changes() const noexcept { return {stopped_, {added_.data(), added_size_}}; }

private:
    static constexpr std::size_t id_digits = 32;
    static constexpr std::size_t parent_digits = 16;
    static constexpr std::size_t most_added = 192;  // two fields, 163 bytes

    struct Parent {
        std::string_view id;  // "" for none
        char sampled = '?';   // '0', '1', or nobody has said
    };

    bool read_traceparent(const RequestHead& head, Parent& parent) noexcept;
    void read_amzn(const RequestHead& head, Parent& parent, bool has_id) noexcept;
    void make_id(Random& random, std::uint32_t now) noexcept;
    void add_amzn(const Parent& parent) noexcept;
    void add_traceparent(const Parent& parent, bool sampled, Random& random) noexcept;
    void set_id(std::string_view first, std::string_view second) noexcept;
    void add(std::string_view text) noexcept {
        std::memcpy(added_.data() + added_size_, text.data(), text.size());
        added_size_ += text.size();
    }

    FieldSet stopped_;
    std::string_view amzn_root_;
    std::array<char, id_digits> id_;
    std::array<char, most_added> added_;
    std::size_t id_size_ = 0;
    std::size_t added_size_ = 0;
};

}  // namespace fairlead::http
