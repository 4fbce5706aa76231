// A response's head: the same questions as of a request's.
#include "proxy/http/framing.hpp"
#include "proxy/http/head_parser.hpp"
#include "proxy/http/head_writer.hpp"
#include "tests/fuzz/heads.hpp"

using namespace fairlead;
using namespace fairlead::fuzz;
using namespace fairlead::http;

namespace {

constexpr HeadLimits limits = {1024, 16};

ParseStatus read_in_pieces(const Bytes& input, Cuts cuts, HeadParser& parser, ResponseHead& head) {
    auto status = ParseStatus::incomplete;
    for (std::size_t seen = 0; status == ParseStatus::incomplete && seen < input.text().size();) {
        seen = std::min(seen + cuts.next(), input.text().size());
        status = parser.parse_response(input.text().substr(0, seen), limits, head);
    }
    return status;
}

void require_sound_response(const ResponseHead& head, const Bytes& input) {
    require_sound(head.fields, input, limits);
    require(head.status >= 100 && head.status <= 599, "a status");
    for (const char c : head.reason) {
        const auto byte = static_cast<unsigned char>(c);
        require(c == '\t' || (byte >= 0x20 && byte != 0x7f), "no control byte in the phrase");
    }
    for (const auto& field : head.fields) require(head.present.has(field.id), "present fields");
}

void require_rewritable(const ResponseHead& head, Method method) {
    const bool ends_by_close = head.body.kind == Framing::Kind::until_close;
    const Framing framing = ends_by_close ? Framing() : head.declared;
    TextBuffer out;
    write_response_head(out, head, framing, ConnectionWord::none);
    ResponseHead again;
    HeadParser parser;
    require(parser.parse_response(out.text(), HeadLimits(), again) == ParseStatus::complete,
            "what we write is taken");
    require(parser.size() == out.size(), "what we write is one head");
    require(check_response(again, method) == Reason::none, "what we write has one meaning");
    require(again.status == head.status && again.reason == head.reason, "it says the same");
    require(again.body.kind == head.body.kind && again.body.length == head.body.length,
            "its body is framed alike");
    require(again.declared.kind == head.declared.kind, "it declares the same");
    require(passed_on(again.fields, true) == passed_on(head.fields, true), "all else passes");
    require(count(again.fields, FieldId::connection) == 0, "Connection is ours to say");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input({reinterpret_cast<const char*>(data), size});
    ResponseHead head;
    HeadParser parser;
    const auto whole = parser.parse_response(input.text(), limits, head);
    for (const auto kind : {Cuts::Kind::single_bytes, Cuts::Kind::any}) {
        if (size == 0) break;
        ResponseHead other;
        HeadParser in_pieces;
        const auto status = read_in_pieces(input, Cuts(kind, input.text()), in_pieces, other);
        require(status == whole, "the verdict does not depend on the cuts");
        require(status != ParseStatus::failed || in_pieces.reason() == parser.reason(),
                "nor does the reason");
        if (status != ParseStatus::complete) continue;
        require(in_pieces.size() == parser.size(), "nor does the size");
        require(other.status == head.status && other.reason == head.reason &&
                    other.version == head.version && same_fields(other.fields, head.fields),
                "nor does what was read");
    }
    if (whole != ParseStatus::complete) return 0;
    require(parser.size() <= limits.bytes, "no larger than the limit");
    require_sound_response(head, input);
    for (const auto method : {Method::get, Method::head}) {
        if (check_response(head, method) != Reason::none) continue;
        const bool never_has =
            head.status < 200 || head.status == 204 || head.status == 304 || method == Method::head;
        require(!never_has || !head.body.has_body(), "no body where none can be");
        require(!head.switches_to_websocket || head.status == 101, "only a 101 switches");
        require_rewritable(head, method);
    }
    return 0;
}
