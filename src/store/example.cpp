#include "store/example.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/hash.h"
#include "json/scan.h"
#include "store/ledger_bytes.h"

namespace weir::store {
namespace {

enum Kind : std::uint8_t { kHeader = 1, kText = 2, kExample = 3 };
enum Flag : std::uint8_t { kJson = 1, kRepeat = 2, kMayDistil = 4, kContent = 8, kVector = 16, kAllFlags = 31 };

constexpr std::size_t kFixedBytes = 128;  // of a record, beside its texts
constexpr std::uint64_t kMostTime = 1ull << 62U;

class Writer {
  public:
    Writer(Kind kind, std::size_t text_bytes) : bytes_(kFixedBytes + text_bytes, '\0'), to_(bytes_.data()) {
        to_.byte(kind);
    }
    Packer& to() { return to_; }
    void text(std::string_view text) {
        to_.varint(text.size());
        to_.bytes(text);
    }
    std::string done() {
        bytes_.resize(to_.packed().size());
        return std::move(bytes_);
    }

  private:
    std::string bytes_;
    Packer to_;
};

std::string_view text_of(Unpacker& from, std::size_t most) {
    const std::size_t size = from.varint(most);
    if (!from.ok() || size > from.rest().size()) {
        from.refuse();
        return {};
    }
    const std::string_view text = from.rest().substr(0, size);
    from = Unpacker(from.rest().substr(size));
    return text;
}

ExampleVector read_vector(Unpacker& from) {
    ExampleVector vector;
    vector.model = from.fixed64();
    vector.scale = std::bit_cast<float>(from.fixed32());
    if (from.ok()) vector.codes = text_of(from, kMostVectorBytes);
    if (vector.model == 0 || vector.codes.empty() || !std::isfinite(vector.scale) || vector.scale <= 0) from.refuse();
    return vector;
}

ExampleHeader read_header(Unpacker& from) {
    ExampleHeader header;
    header.tenant = text_of(from, kMostNameBytes);
    if (from.ok()) header.course.cascade = text_of(from, kMostNameBytes);
    if (from.ok()) header.course.reference = text_of(from, kMostNameBytes);
    header.keep_micros = static_cast<Micros>(from.varint(kMostTime));
    header.most = from.varint(kMostTime);
    return header;
}

ExampleText read_text(Unpacker& from) {
    ExampleText text;
    text.digest = from.fixed64();
    text.text = text_of(from, kMostContextBytes);
    if (text.digest == 0) from.refuse();
    return text;
}

Example read_example(Unpacker& from) {
    Example example;
    const unsigned flags = from.byte();
    if ((flags & ~static_cast<unsigned>(kAllFlags)) != 0) from.refuse();
    example.json = (flags & kJson) != 0;
    example.repeat = (flags & kRepeat) != 0;
    example.may_distil = (flags & kMayDistil) != 0;
    example.content = (flags & kContent) != 0;
    example.unix_micros = static_cast<Micros>(from.varint(kMostTime));
    example.request = static_cast<RequestId>(from.fixed64());
    for (std::uint64_t* const digest :
         {&example.task, &example.system, &example.response_format, &example.prompt_digest, &example.answer_digest}) {
        *digest = from.fixed64();
    }
    example.prompt_bytes = static_cast<std::uint32_t>(from.varint(kMostPromptBytes));
    example.answer_bytes = static_cast<std::uint32_t>(from.varint(kMostAnswerBytes));
    if (from.ok()) example.model = text_of(from, kMostNameBytes);
    if (from.ok()) example.api = text_of(from, kMostNameBytes);
    if (example.content && from.ok()) example.prompt = text_of(from, kMostPromptBytes);
    if (example.content && from.ok()) example.answer = text_of(from, kMostAnswerBytes);
    if ((flags & kVector) != 0) {
        if (!example.content) from.refuse();
        if (from.ok()) example.vector = read_vector(from);
    }
    const bool fits = !example.content ||
                      (example.prompt.size() == example.prompt_bytes && example.answer.size() == example.answer_bytes);
    if (!fits || example.prompt_digest == 0 || example.answer_digest == 0) from.refuse();
    return example;
}

}  // namespace

std::string write_record(const ExampleHeader& header) {
    const ExampleCourse& course = header.course;
    Writer writer(kHeader, header.tenant.size() + course.cascade.size() + course.reference.size());
    for (const std::string* const text : {&header.tenant, &course.cascade, &course.reference}) writer.text(*text);
    writer.to().varint(static_cast<std::uint64_t>(header.keep_micros));
    writer.to().varint(header.most);
    return writer.done();
}

std::string write_record(const ExampleText& text) {
    Writer writer(kText, text.text.size());
    writer.to().fixed64(text.digest);
    writer.text(text.text);
    return writer.done();
}

std::string write_record(const Example& example) {
    const bool has_vector = example.content && example.vector.model != 0;
    Writer writer(kExample, example.model.size() + example.api.size() + example.prompt.size() + example.answer.size() +
                                example.vector.codes.size());
    const auto flag = [](bool set, Flag which) { return set ? static_cast<unsigned>(which) : 0U; };
    Packer& to = writer.to();
    to.byte(flag(example.json, kJson) | flag(example.repeat, kRepeat) | flag(example.may_distil, kMayDistil) |
            flag(example.content, kContent) | flag(has_vector, kVector));
    to.varint(static_cast<std::uint64_t>(example.unix_micros));
    to.fixed64(static_cast<std::uint64_t>(example.request));
    for (const std::uint64_t digest :
         {example.task, example.system, example.response_format, example.prompt_digest, example.answer_digest}) {
        to.fixed64(digest);
    }
    to.varint(example.prompt_bytes);
    to.varint(example.answer_bytes);
    writer.text(example.model);
    writer.text(example.api);
    if (example.content) {
        writer.text(example.prompt);
        writer.text(example.answer);
    }
    if (has_vector) {
        to.fixed64(example.vector.model);
        to.fixed32(std::bit_cast<std::uint32_t>(example.vector.scale));
        writer.text(example.vector.codes);
    }
    return writer.done();
}

std::optional<ExampleRecord> read_record(std::string_view record) {
    Unpacker from(record);
    ExampleRecord read;
    switch (from.byte()) {
        case kHeader:
            read = read_header(from);
            break;
        case kText:
            read = read_text(from);
            break;
        case kExample:
            read = read_example(from);
            break;
        default:
            return std::nullopt;
    }
    if (!from.ok() || !from.at_end()) return std::nullopt;
    return read;
}

std::uint64_t example_digest(std::string_view tenant, std::string_view text) {
    thread_local Sha256 hasher;
    hasher.reset();
    hasher.update_part(tenant);
    hasher.update_part(text);
    return std::max<std::uint64_t>(1, short_digest(hasher.finish()));
}

bool is_json_answer(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return false;
    thread_local std::vector<json::Member> members;
    if (text[begin] == '{') return json::members(text, members).has_value();
    if (text[begin] != '[') return false;
    // An array is looked at as the only member of an object.
    const std::string wrapped = "{\"a\":" + std::string(text) + "}";
    return json::members(wrapped, members).has_value() && members.size() == 1;
}

}  // namespace weir::store
