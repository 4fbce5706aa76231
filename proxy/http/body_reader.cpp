#include "proxy/http/body_reader.hpp"

#include "proxy/http/framing.hpp"
#include "proxy/http/scan.hpp"

#include <algorithm>
#include <cstring>
#include <functional>

namespace fairlead::http {
namespace {

// A chunk's size line, extensions included. Ours are a few bytes; nobody needs extensions.
constexpr std::size_t longest_size_line = 256;
constexpr std::size_t most_size_digits = 15;  // below 2^60

constexpr unsigned hex_value(char c) noexcept {
    return static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

}  // namespace

void BodyReader::begin(const Framing& framing, const HeadLimits& trailer_limits) {
    framing_ = framing;
    failed_ = false;
    remaining_ = framing.kind == Framing::Kind::length ? framing.length : 0;
    state_ = framing.has_body() ? State::data : State::done;
    if (framing.kind != Framing::Kind::chunked) return;
    state_ = State::size_line;
    trailer_limits_ = trailer_limits;
    trailers_.clear();
    dropped_.clear();
    trailers_seen_ = 0;
}

BodyReader::Step BodyReader::step(char* data, std::size_t size) {
    if (framing_.kind == Framing::Kind::chunked) return step_chunked(data, size);
    Step step;
    if (size == 0) return step;
    std::size_t n = size;
    if (framing_.kind == Framing::Kind::length) {
        n = static_cast<std::size_t>(std::min<std::uint64_t>(size, remaining_));
        remaining_ -= n;
        if (remaining_ == 0) state_ = State::done;
    }
    step.kind = Step::Kind::piece;
    step.consumed = n;
    step.piece.data = std::string_view(data, n);
    step.piece.is_last = is_done();
    return step;
}

BodyReader::Step BodyReader::step_chunked(char* data, std::size_t size) {
    Step step;
    std::size_t at = 0;
    std::size_t out_begin = 0;
    std::size_t out_end = 0;
    while (state_ != State::done && advance(data, size, at, out_begin, out_end)) {
    }
    step.consumed = at;
    if (failed_) {
        step.kind = Step::Kind::failed;
        return step;
    }
    step.piece.data = std::string_view(data + out_begin, out_end - out_begin);
    step.piece.is_last = is_done();
    if (is_done() && !trailers_.empty()) step.piece.trailers = &trailers_;
    if (is_done() || out_end > out_begin) step.kind = Step::Kind::piece;
    return step;
}

bool BodyReader::advance(char* data, std::size_t size, std::size_t& at, std::size_t& out_begin,
                         std::size_t& out_end) {
    switch (state_) {
        case State::size_line:
            return read_size_line(data, size, at);
        case State::data: {
            if (at == size) return false;
            const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(size - at, remaining_));
            if (out_end == out_begin) {
                out_begin = out_end = at;
            } else {
                std::memmove(data + out_end, data + at, n);
            }
            out_end += n;
            at += n;
            remaining_ -= n;
            if (remaining_ == 0) state_ = State::data_end;
            return true;
        }
        case State::data_end:
            if (size - at >= 1 && data[at] != '\r') failed_ = true;
            if (size - at >= 2 && data[at + 1] != '\n') failed_ = true;
            if (failed_ || size - at < 2) return false;
            at += 2;
            state_ = State::size_line;
            return true;
        case State::trailers:
            return read_trailers(data, size, at);
        case State::done:
            break;
    }
    return false;
}

bool BodyReader::read_size_line(const char* data, std::size_t size, std::size_t& at) {
    const auto window = std::min(size - at, longest_size_line);
    const auto* const feed = static_cast<const char*>(std::memchr(data + at, '\n', window));
    if (feed == nullptr) {
        failed_ = window == longest_size_line;
        return false;
    }
    std::string_view line(data + at, static_cast<std::size_t>(feed - (data + at)));
    failed_ = true;
    if (!line.ends_with('\r')) return false;
    line.remove_suffix(1);
    const auto zeros = std::min(line.find_first_not_of('0'), line.size());
    std::size_t digits = zeros;
    std::uint64_t length = 0;
    while (digits < line.size() && is(line[digits], hex_digit))
        length = length * 16 + hex_value(line[digits++]);
    if (digits == 0 || digits - zeros > most_size_digits) return false;
    // RFC 9112 7.1.1: white space may stand in front of an extension, and nowhere else.
    const auto rest = line.substr(digits);
    const auto extension = rest.substr(std::min(rest.find_first_not_of(" \t"), rest.size()));
    if (!rest.empty() && (!extension.starts_with(';') || !all_are(rest, value_character)))
        return false;
    failed_ = false;
    at += line.size() + 2;
    remaining_ = length;
    state_ = length == 0 ? State::trailers : State::data;
    return true;
}

void BodyReader::drop_named(const std::vector<Field>& fields) {
    for (const auto& field : fields) {
        if (field.id == FieldId::connection) dropped_.append(field.value).append(",");
    }
}

bool BodyReader::read_trailers(const char* data, std::size_t size, std::size_t& at) {
    // Nothing of the section is consumed before all of it is there: its fields are views. What
    // comes before it may move when more is read, so each try starts over; the number of tries is
    // bounded by that of lines, and so is the section.
    const std::string_view section(data + at, size - at);
    const char* const end = section.data() + section.size();
    const bool has_news =
        scan::value_end(section.data(), section.data() + trailers_seen_, end) != end;
    trailers_seen_ = section.size() - (section.ends_with('\r') ? 1 : 0);
    if (!has_news && section.size() <= trailer_limits_.bytes) return false;
    trailer_parser_.restart();
    const auto status = trailer_parser_.parse_trailers(section, trailer_limits_, trailers_);
    if (status == ParseStatus::failed) failed_ = true;
    if (status != ParseStatus::complete) return false;
    if (!dropped_.empty()) {
        std::erase_if(trailers_,
                      [&](const Field& field) { return has_token(dropped_, field.name); });
    }
    if (underscores_ != model::Underscores::pass) {
        const auto dropped = std::erase_if(trailers_, std::mem_fn(&Field::has_underscore));
        failed_ = dropped > 0 && underscores_ == model::Underscores::reject;
        if (failed_) return false;
    }
    at += trailer_parser_.size();
    state_ = State::done;
    return true;
}

bool BodyReader::end_of_stream() noexcept {
    if (framing_.kind != Framing::Kind::until_close) return false;
    state_ = State::done;
    return true;
}

}  // namespace fairlead::http
