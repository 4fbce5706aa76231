// A chunked body: the reader agrees with a second one written from the grammar alone, however the
// bytes are cut; and what is framed anew is the same body.
#include "proxy/http/body_reader.hpp"
#include "proxy/http/head_writer.hpp"
#include "tests/fuzz/heads.hpp"

#include <optional>

using namespace fairlead;
using namespace fairlead::fuzz;
using namespace fairlead::http;

namespace {

constexpr HeadLimits trailer_limits = {256, 8};
constexpr Framing chunked = {Framing::Kind::chunked, 0};

enum class End : std::uint8_t { open, done, failed };

struct Body {
    End end = End::open;
    std::string data;
    std::string trailers;
    std::size_t size = 0;  // of the coded body, where it is done
};

/// RFC 9112 7.1 on all bytes at once, with the reader's limits on a line.
class Reference {
public:
    explicit Reference(std::string_view text) : text_(text) {}

    Body read() {
        while (body_.end == End::open && read_chunk()) {
        }
        return std::move(body_);
    }

private:
    bool fail() {
        body_.end = End::failed;
        return false;
    }

    /// False: no further chunk, or more bytes are needed.
    bool read_chunk() {
        const auto rest = text_.substr(at_);
        const auto feed = rest.substr(0, 256).find('\n');
        if (feed == std::string_view::npos) return rest.size() >= 256 ? fail() : false;
        if (feed == 0 || rest[feed - 1] != '\r') return fail();
        const auto line = rest.substr(0, feed - 1);
        auto digits = line.find_first_not_of("0123456789abcdefABCDEF");
        if (digits == std::string_view::npos) digits = line.size();
        const auto zeros = std::min(line.find_first_not_of('0'), digits);
        if (digits == 0 || digits - zeros > 15) return fail();
        const auto extension = line.find_first_not_of(" \t", digits);
        if (digits < line.size() && (extension == line.npos || line[extension] != ';'))
            return fail();
        for (const char c : line) {
            const auto byte = static_cast<unsigned char>(c);
            if ((byte < 0x20 && c != '\t') || byte == 0x7f) return fail();
        }
        const auto size = std::strtoull(std::string(line.substr(0, digits)).c_str(), nullptr, 16);
        at_ += feed + 1;
        return size == 0 ? read_trailers() : read_data(size);
    }

    bool read_data(std::uint64_t size) {
        const auto rest = text_.substr(at_);
        body_.data += rest.substr(0, size);
        if (rest.size() < size) return false;
        const auto end = rest.substr(size);
        if (!end.empty() && end[0] != '\r') return fail();
        if (end.size() > 1 && end[1] != '\n') return fail();
        at_ += size + 2;
        return end.size() > 1;
    }

    bool read_trailers() {
        HeadParser parser;
        std::vector<Field> fields;
        const auto status = parser.parse_trailers(text_.substr(at_), trailer_limits, fields);
        if (status == ParseStatus::failed) return fail();
        if (status == ParseStatus::incomplete) return false;
        for (const auto& field : fields)
            body_.trailers.append(field.name).append(": ").append(field.value).append("\n");
        body_.size = at_ + parser.size();
        body_.end = End::done;
        return false;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    Body body_;
};

/// The reader under test, fed as a connection feeds it.
class Fed {
public:
    Fed() { reader_.begin(chunked, trailer_limits); }

    void feed(std::string_view bytes) {
        pending_.append(bytes);
        while (!reader_.is_done() && body_.end == End::open) {
            Bytes exact(pending_);
            const auto step = reader_.step(exact.data(), pending_.size());
            require(step.consumed <= pending_.size(), "no more is consumed than there was");
            require(exact.holds(step.piece.data), "the piece lies in the input");
            body_.data += step.piece.data;
            if (step.piece.trailers != nullptr) keep(*step.piece.trailers, exact);
            // What is not consumed stays as the reader has left it.
            pending_.assign(exact.text().substr(step.consumed));
            body_.size += step.consumed;
            if (step.kind == BodyReader::Step::Kind::failed) body_.end = End::failed;
            if (step.kind == BodyReader::Step::Kind::needs_more) break;
            require(step.piece.is_last == reader_.is_done(), "the last piece is the last");
            if (pending_.empty()) break;
        }
        if (reader_.is_done() && body_.end == End::open) body_.end = End::done;
        require(pending_.size() <= bytes.size() + 1024 || body_.end != End::open,
                "what waits is bounded");
    }

    bool is_open() const noexcept { return body_.end == End::open; }
    const Body& body() const noexcept { return body_; }

private:
    void keep(const std::vector<Field>& fields, const Bytes& exact) {
        require_sound(fields, exact, trailer_limits);
        for (const auto& field : fields)
            body_.trailers.append(field.name).append(": ").append(field.value).append("\n");
    }

    BodyReader reader_;
    std::string pending_;
    Body body_;
};

void require_same(const Body& read, const Body& expected) {
    require(read.end == expected.end, "the reader ends as the grammar has it");
    if (expected.end == End::failed) {
        require(expected.data.starts_with(read.data), "nothing is invented before a failure");
        return;
    }
    require(read.data == expected.data, "the data are those of the grammar");
    require(read.trailers == expected.trailers, "the trailers are those of the grammar");
    require(expected.end == End::open || read.size == expected.size, "so is the end");
}

/// The body framed anew, in two chunks and one line for the end, is the same body.
void require_rewritable(const Body& body) {
    TextBuffer coded;
    const auto half = body.data.size() / 2;
    for (const auto& part : {body.data.substr(0, half), body.data.substr(half)}) {
        if (part.empty()) continue;
        write_chunk_size(coded, part.size());
        coded.append(part).append("\r\n");
    }
    write_last_chunk(coded, nullptr);
    Fed again;
    again.feed(coded.text());
    require(again.body().end == End::done && again.body().data == body.data &&
                again.body().size == coded.size(),
            "what we write is read as it was");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const Body expected = Reference(input).read();
    Fed whole;
    whole.feed(input);
    require_same(whole.body(), expected);
    for (const auto kind : {Cuts::Kind::single_bytes, Cuts::Kind::any}) {
        Cuts cuts(kind, input);
        Fed fed;
        for (std::size_t at = 0; at < size && fed.is_open();) {
            const auto n = std::min(cuts.next(), size - at);
            fed.feed(input.substr(at, n));
            at += n;
        }
        require_same(fed.body(), expected);
    }
    if (expected.end == End::done) require_rewritable(expected);
    return 0;
}
