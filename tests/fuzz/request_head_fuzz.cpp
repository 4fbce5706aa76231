// A request's head: the verdict does not depend on how the bytes are cut, what is taken is sound,
// and what is written for the endpoint is taken again and means the same.
#include "proxy/http/framing.hpp"
#include "proxy/http/head_parser.hpp"
#include "proxy/http/head_writer.hpp"
#include "proxy/http/trace.hpp"
#include "tests/fuzz/heads.hpp"

using namespace fairlead;
using namespace fairlead::fuzz;
using namespace fairlead::http;

namespace {

// Small, so that inputs reach them.
constexpr HeadLimits limits = {1024, 16, 300, 400};

struct Verdict {
    ParseStatus status = ParseStatus::incomplete;
    Reason reason = Reason::none;
    std::size_t size = 0;
};

Verdict verdict_of(ParseStatus status, const HeadParser& parser) {
    Verdict verdict;
    verdict.status = status;
    if (status == ParseStatus::failed) verdict.reason = parser.reason();
    if (status == ParseStatus::complete) verdict.size = parser.size();
    return verdict;
}

/// As a connection's buffer fills, at one place in memory or moved in between.
Verdict read_in_pieces(const Bytes& input, Cuts cuts, RequestHead& head,
                       std::unique_ptr<Bytes>& moved) {
    const bool moves = cuts.coin();
    HeadParser parser;
    auto status = ParseStatus::incomplete;
    for (std::size_t seen = 0; status == ParseStatus::incomplete && seen < input.text().size();) {
        seen = std::min(seen + cuts.next(), input.text().size());
        auto bytes = input.text().substr(0, seen);
        if (moves && cuts.coin()) {
            moved = std::make_unique<Bytes>(bytes);
            parser.restart();
            bytes = moved->text();
        } else if (moved != nullptr) {
            parser.restart();
            moved = nullptr;
        }
        status = parser.parse_request(bytes, limits, head);
    }
    return verdict_of(status, parser);
}

void require_same(const RequestHead& a, const RequestHead& b) {
    require(a.method_name == b.method_name && a.method == b.method, "the same method");
    require(a.version == b.version, "the same version");
    require(a.target == b.target && a.path == b.path, "the same target");
    require(a.absolute_authority == b.absolute_authority, "the same authority");
    require(same_fields(a.fields, b.fields), "the same fields");
}

void require_sound_request(const RequestHead& head, const Bytes& input, std::size_t size) {
    require(size <= limits.bytes, "no larger than the limit");
    require_sound(head.fields, input, limits);
    require(is_token(head.method_name) && head.method_name != "CONNECT", "the method is a token");
    require(!head.target.empty() && (head.target.front() == '/' || head.target == "*"),
            "the target is in origin form");
    for (const char c : head.target) require(c > 0x20 && c < 0x7f && c != '#', "target characters");
    require(head.target.starts_with(head.path) && head.path.find('?') == std::string_view::npos,
            "the path begins the target");
    for (const auto& field : head.fields) require(head.present.has(field.id), "present fields");
}

/// `head` was checked and found good.
void require_sound_meaning(const RequestHead& head) {
    const auto lengths = count(head.fields, FieldId::content_length);
    const auto codings = count(head.fields, FieldId::transfer_encoding);
    require(lengths + codings <= 1, "one field that frames");
    require((head.body.kind == Framing::Kind::chunked) == (codings == 1),
            "chunked where it says so");
    require((head.body.kind == Framing::Kind::length) == (lengths == 1),
            "a length where it says so");
    require(count(head.fields, FieldId::host) <= 1, "one Host");
    require(head.host == lower(head.host), "a host in lower case");
    require(!head.host.empty() || head.version == Version::http10, "a host");
    require(head.host.find_first_of("@/?#,% \t\\") == std::string_view::npos, "a plain host");
}

void require_rewritable(const RequestHead& head, bool is_trusted) {
    ClientFacts client;
    client.ip = "192.0.2.7";
    client.port = "8080";
    client.is_trusted = is_trusted;
    Random random(1);
    const model::TraceSettings trace_settings;
    const Trace trace(head, trace_settings, random, 1);
    TextBuffer out;
    write_request_head(out, head, client, trace.changes());
    RequestHead again;
    HeadParser parser;
    require(parser.parse_request(out.text(), HeadLimits(), again) == ParseStatus::complete,
            "what we write is taken");
    require(parser.size() == out.size(), "what we write is one head");
    if (head.authority.empty()) return;  // HTTP/1.0 without Host: an empty one, RFC 9112 3.2
    require(check_request(again) == Reason::none, "what we write has one meaning");
    require(again.version == Version::http11, "we speak HTTP/1.1");
    require(again.method_name == head.method_name && again.target == head.target &&
                again.authority == head.authority && again.host == head.host,
            "it asks the same");
    require(again.body.kind == head.body.kind && again.body.length == head.body.length,
            "its body is framed alike");
    require(again.expects_continue == head.expects_continue, "it expects the same");
    require(again.upgrades_to_websocket == head.upgrades_to_websocket, "it upgrades alike");
    require(passed_on(again.fields, true) == passed_on(head.fields, false), "all else passes");
    require(count(again.fields, FieldId::host) == 1, "one Host is written");
    require(is_trusted || count(again.fields, FieldId::forwarded) == 0,
            "no Forwarded of strangers");
    require(count(again.fields, FieldId::x_forwarded_for) == 1, "one X-Forwarded-For is written");
    const Trace seen(again, trace_settings, random, 1);
    require(seen.changes().added.empty(), "both trace fields are written");
    require(seen.id() == trace.id(), "the endpoint sees the id that we log");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input({reinterpret_cast<const char*>(data), size});
    RequestHead head;
    HeadParser parser;
    const auto whole = verdict_of(parser.parse_request(input.text(), limits, head), parser);
    for (const auto kind : {Cuts::Kind::single_bytes, Cuts::Kind::any}) {
        if (size == 0) break;
        RequestHead other;
        std::unique_ptr<Bytes> moved;
        const auto cut = read_in_pieces(input, Cuts(kind, input.text()), other, moved);
        require(cut.status == whole.status, "the verdict does not depend on the cuts");
        require(cut.reason == whole.reason, "nor does the reason");
        require(cut.size == whole.size, "nor does the size");
        if (whole.status == ParseStatus::complete) require_same(head, other);
    }
    if (whole.status != ParseStatus::complete) return 0;
    require_sound_request(head, input, whole.size);
    if (check_request(head) != Reason::none) return 0;
    require_sound_meaning(head);
    require_rewritable(head, false);
    require_rewritable(head, true);
    return 0;
}
