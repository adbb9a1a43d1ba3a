#include "local/gguf_header.h"

#include <doctest/doctest.h>

#include "base/folder_testing.h"
#include "local/gguf_testing.h"

using namespace weir;
using namespace weir::local;
using namespace weir::local::testing;

namespace {

Result<GgufHeader> parse(const std::string& bytes) {
    return parse_gguf_header(bytes, bytes.size());
}

std::string problem(const std::string& bytes) {
    const auto header = parse(bytes);
    return header ? "sound" : header.error().message;
}

std::string problem(const GgufWriter& writer) {
    return problem(writer.bytes());
}

}  // namespace

TEST_CASE("a header is read: every kind of value, lists by their digest, tensors with their places") {
    GgufWriter writer = base_model();
    writer.raw("u8", 0, "\x07").raw("i8", 1, "\xFF").raw("u16", 2, "\x01\x02").raw("i16", 3, "\xFE\xFF");
    writer.raw("i32", 5, GgufWriter::number(-5)).raw("flag", 7, "\x01").raw("u64", 10, GgufWriter::number(7ULL << 40U));
    writer.raw("i64", 11, GgufWriter::number(std::int64_t{-7}))
        .raw("f64", 12, GgufWriter::number(0.5))
        .real("f32", 1.5F);
    const auto header = parse(writer.bytes());
    REQUIRE_MESSAGE(header, (header ? "" : header.error().message));
    CHECK(header->version == 3);
    CHECK(*header->text("general.architecture") == "llama");
    CHECK(header->text("llama.block_count") == nullptr);
    CHECK(header->text("absent") == nullptr);
    CHECK(header->whole("llama.block_count") == 2);
    CHECK(header->whole("u8") == 7);
    CHECK(header->whole("u16") == 0x201);
    CHECK(header->whole("u64") == 7ULL << 40U);
    CHECK_FALSE(header->whole("i32"));
    CHECK(header->real("i32") == -5);
    CHECK(header->real("i8") == -1);
    CHECK(header->real("i16") == -2);
    CHECK(header->real("i64") == -7);
    CHECK(header->real("f32") == 1.5);
    CHECK(header->real("f64") == 0.5);
    CHECK(header->real("u8") == 7);
    CHECK_FALSE(header->real("flag"));
    CHECK(std::get<bool>(header->values.at("flag")));
    REQUIRE(header->list("tokenizer.ggml.tokens") != nullptr);
    CHECK(header->list("tokenizer.ggml.tokens")->count == 5);
    CHECK(header->tensors.size() == 10);
    const GgufTensor& embeddings = header->tensors.at("token_embd.weight");
    CHECK(embeddings.size == std::vector<std::uint64_t>{8, 5});
    CHECK(embeddings.bytes == 160);
    CHECK(embeddings.dimension(1) == 5);
    CHECK(embeddings.dimension(3) == 1);
    CHECK(header->data_begin % 32 == 0);
    CHECK(header->file_bytes == writer.bytes().size());
}

TEST_CASE("lists are equal when their items are") {
    const auto list = [](const std::vector<std::string>& items) {
        GgufWriter writer;
        writer.texts("l", items);
        return *parse(writer.bytes())->list("l");
    };
    CHECK(list({"ab", "c"}) == list({"ab", "c"}));
    CHECK_FALSE(list({"ab", "c"}) == list({"a", "bc"}));
    CHECK_FALSE(list({"ab", "c"}) == list({"ab"}));
    GgufWriter numbers;
    numbers.raw("n", 9, GgufWriter::number(4) + GgufWriter::number(2ULL) + std::string(8, '\x01'));
    CHECK(parse(numbers.bytes())->list("n")->type == 4);
}

TEST_CASE("cut off at any byte it is refused, and so is a beginning of which more is wanted") {
    const std::string bytes = fitting_adapter().bytes();
    const std::size_t header_bytes = fitting_adapter().header().size();
    REQUIRE(parse(bytes));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CAPTURE(size);
        // The last tensor has fewer bytes than the alignment that follows it.
        const auto cut = parse(bytes.substr(0, size));
        if (size < header_bytes) {
            REQUIRE_FALSE(cut);
            CHECK(cut.error().code == ErrorCode::invalid);
        }
        const auto part = parse_gguf_header(std::string_view(bytes).substr(0, size), bytes.size());
        CHECK(part.has_value() == (size >= header_bytes));
        if (!part) CHECK(part.error().code == ErrorCode::too_large);
    }
    CHECK_FALSE(parse(bytes.substr(0, bytes.size() - 32)));
}

TEST_CASE("what is not exactly a GGUF file is refused, with the reason") {
    CHECK(problem("") == "it ends within its header, at byte 0");
    CHECK(problem("GGML and more") == "it does not begin with GGUF");
    GgufWriter writer;
    writer.version = 1;
    CHECK(problem(writer) == "it is of version 1; those of 2 and 3 can be read");
    writer.version = 3U << 24U;
    CHECK(problem(writer) == "it is big-endian");
    writer.version = 2;
    CHECK(problem(writer) == "sound");
    const std::string start = "GGUF" + GgufWriter::number(3U);
    CHECK(problem(start + GgufWriter::number(1ULL << 40U) + GgufWriter::number(0ULL)) ==
          "it has more than 65536 tensors or 4096 keys");
    CHECK(problem(GgufWriter().text("", "x")) == "a key of the metadata is empty");
    CHECK(problem(GgufWriter().text("k", "x").whole("k", 1)) == "'k' is there twice");
    CHECK(problem(GgufWriter().raw("k", 13, "")) == "'k' is of type 13, which there is not");
    CHECK(problem(GgufWriter().raw("k", 7, "\x02")) == "'k' is neither true nor false");
    CHECK(problem(GgufWriter().raw("k", 8, GgufWriter::number(2ULL << 20U))) ==
          "'k' has 2097152 bytes, more than 1048576");
    CHECK(problem(GgufWriter().raw("k", 8, GgufWriter::number(~0ULL))) ==
          "'k' has 18446744073709551615 bytes, more than 1048576");
    CHECK(problem(GgufWriter().raw("k", 9, GgufWriter::number(9) + GgufWriter::number(1ULL))) ==
          "'k' is a list of type 9");
    CHECK(problem(GgufWriter().raw("k", 9, GgufWriter::number(4) + GgufWriter::number(~0ULL))) ==
          "'k' has 18446744073709551615 items, more than 4194304");
    CHECK(problem(GgufWriter().text(std::string(256, 'k'), "")) ==
          "a key of the metadata has 256 bytes, more than 255");
    CHECK(problem(GgufWriter().text("k\n\x01", "").text("k\n\x01", "")) ==
          "'k?"
          "?' is there twice");
}

TEST_CASE("tensors: sizes, types and places") {
    CHECK(problem(GgufWriter().tensor("", {4})) == "a tensor has no name");
    CHECK(problem(GgufWriter().tensor("t", {})) == "tensor 't' has 0 dimensions");
    CHECK(problem(GgufWriter().tensor("t", {1, 1, 1, 1, 1})) == "tensor 't' has 5 dimensions");
    CHECK(problem(GgufWriter().tensor_at("t", {0}, 0, 0)) == "tensor 't' has an impossible size");
    CHECK(problem(GgufWriter().tensor_at("t", {1ULL << 32U, 1ULL << 32U}, 0, 0)) ==
          "tensor 't' has an impossible size");
    CHECK(problem(GgufWriter().tensor("t", {4}).tensor("t", {4})) == "tensor 't' is there twice");
    CHECK(problem(GgufWriter().tensor("t", {33}, 2)) ==
          "tensor 't' has rows of 33, no multiple of the 32 of a block of Q4_0");
    CHECK(problem(GgufWriter().tensor_at("t", {4}, 0, 0)) == "tensor 't' goes beyond the file's end (cut off?)");
    CHECK(problem(GgufWriter().tensor_at("t", {4}, 0, ~0ULL - 31)) ==
          "tensor 't' goes beyond the file's end (cut off?)");
    CHECK(problem(GgufWriter().tensor("t", {64}).tensor_at("u", {4}, 0, 7)) == "tensor 'u' is not aligned");
    CHECK(problem(GgufWriter().tensor("t", {64}).tensor_at("u", {4}, 0, 0)).starts_with("tensors overlap at byte "));
    CHECK(problem(GgufWriter().tensor("t", {64}).tensor_at("u", {64}, 0, 0)) ==
          "tensor 'u' lies where another one does");
    const auto header = parse(GgufWriter().tensor("t", {64}, 77).tensor("u", {64}, 8).bytes());
    REQUIRE(header);
    CHECK(header->tensors.at("t").bytes == 0);
    CHECK(header->tensors.at("u").bytes == 68);
    CHECK(gguf_type_name(77) == "type 77");
    CHECK(gguf_type_name(8) == "Q8_0");
    CHECK(problem(GgufWriter().whole("general.alignment", 24)) == "general.alignment is no power of two up to 65536");
    CHECK(problem(GgufWriter().text("general.alignment", "32")) == "general.alignment is no power of two up to 65536");
    GgufWriter wide;
    wide.alignment = 64;
    CHECK(problem(wide.whole("general.alignment", 64).tensor("t", {4}).tensor("u", {4})) == "sound");
}

TEST_CASE("files: a large header is read by and by; errors have the file's name") {
    const TemporaryFolder folder;
    GgufWriter writer;
    writer.texts("tokenizer.ggml.tokens", std::vector<std::string>(200'000, std::string(30, 't')));
    writer.tensor("t", {8});
    const std::string file = folder.file("large.gguf");
    writer.write(file);
    REQUIRE(writer.header().size() > 7'000'000);
    const auto header = read_gguf_header(file);
    REQUIRE_MESSAGE(header, (header ? "" : header.error().message));
    CHECK(header->list("tokenizer.ggml.tokens")->count == 200'000);
    CHECK(read_gguf_header(folder.file("absent")).error().code == ErrorCode::not_found);
    CHECK(read_gguf_header(folder.path()).error().code == ErrorCode::io);
    std::ofstream(folder.file("short")) << "GGUF and no more";
    CHECK(read_gguf_header(folder.file("short")).error().message ==
          folder.file("short") + ": not a sound GGUF file: it is of version 1684955424; those of 2 and 3 can be read");
}
