#include "local/trained_file.h"

#include <doctest/doctest.h>

#include "base/files.h"
#include "base/folder_testing.h"
#include "local/gguf_testing.h"

using namespace weir;
using namespace weir::local;
using namespace weir::local::testing;

namespace {

GgufHeader header_of(const GgufWriter& writer) {
    const std::string bytes = writer.bytes();
    const auto header = parse_gguf_header(bytes, bytes.size());
    REQUIRE_MESSAGE(header, (header ? "" : header.error().message));
    return *header;
}

std::string verdict(const GgufWriter& trained, const GgufWriter& base = base_model()) {
    const auto facts = check_trained(header_of(trained), header_of(base));
    return facts ? "fits" : facts.error().message;
}

GgufWriter with(GgufWriter writer, const std::string& name, const std::vector<std::uint64_t>& a,
                const std::vector<std::uint64_t>& b) {
    return writer.tensor(name + ".lora_a", a).tensor(name + ".lora_b", b);
}

}  // namespace

TEST_CASE("a LoRA that fits its base") {
    const auto facts = check_trained(header_of(fitting_adapter()), header_of(base_model()));
    REQUIRE_MESSAGE(facts, (facts ? "" : facts.error().message));
    CHECK(facts->kind == TrainedKind::lora);
    CHECK(facts->architecture == "llama");
    CHECK(facts->base_name == "Tiny");
    CHECK(facts->tensors == 4);
    CHECK(facts->rank_least == 2);
    CHECK(facts->rank_most == 2);
    CHECK(facts->alpha == 16);
    CHECK(facts->notes.empty());
    // Embeddings are the other way about.
    CHECK(verdict(with(adapter_head(), "token_embd.weight", {3, 5}, {3, 8})) == "fits");
    GgufWriter more = fitting_adapter();
    more.tensor("blk.0.attn_norm.weight", {8});
    CHECK(check_trained(header_of(more), header_of(base_model()))->notes ==
          std::vector<std::string>{"1 of its tensors are norms, which llama-server leaves out"});
}

TEST_CASE("a LoRA for another base is refused") {
    CHECK(verdict(adapter_head("qwen2")) == "it is of architecture qwen2, its base of llama");
    CHECK(verdict(GgufWriter().text("general.type", "adapter")) == "it names no architecture (general.architecture)");
    CHECK(verdict(adapter_head()) == "it changes no tensor of its base");
    CHECK(verdict(with(adapter_head(), "blk.7.attn_q.weight", {8, 2}, {2, 8})) ==
          "it changes tensor blk.7.attn_q.weight, which its base has not");
    CHECK(verdict(with(adapter_head(), "blk.0.attn_q.weight", {16, 2}, {2, 8})) ==
          "its pair for tensor blk.0.attn_q.weight is 16 x 2 and 2 x 8; its base's tensor is 8 x 8");
    CHECK(verdict(with(adapter_head(), "blk.0.attn_v.weight", {8, 2}, {2, 8})) ==
          "its pair for tensor blk.0.attn_v.weight is 8 x 2 and 2 x 8; its base's tensor is 8 x 4");
    CHECK(verdict(with(adapter_head(), "blk.0.attn_q.weight", {8, 2}, {3, 8})) ==
          "its pair for tensor blk.0.attn_q.weight has two ranks: 8 x 2 and 3 x 8");
    CHECK(verdict(with(adapter_head(), "blk.0.attn_q.weight", {8, 2, 4}, {2, 8, 4})) ==
          "its pair for tensor blk.0.attn_q.weight is 8 x 2 x 4 and 2 x 8 x 4; its base's tensor is 8 x 8");
    CHECK(verdict(with(adapter_head(), "blk.0.attn_norm.weight", {8, 1}, {1, 1})) ==
          "its pair for tensor blk.0.attn_norm.weight is 8 x 1 and 1 x 1; its base's tensor is 8");
    CHECK(verdict(adapter_head().tensor("blk.0.attn_q.weight.lora_a", {8, 2})) ==
          "its tensor blk.0.attn_q.weight.lora_a has no other half");
    CHECK(verdict(adapter_head().tensor("blk.0.attn_q.weight.lora_b", {8, 2})) ==
          "its tensor blk.0.attn_q.weight.lora_b has no other half");
    CHECK(verdict(adapter_head().tensor("blk.0.attn_q.weight", {8, 8})) ==
          "its tensor blk.0.attn_q.weight is neither .lora_a nor .lora_b");
    CHECK(verdict(adapter_head().tensor("q.lora_a", {8, 8}, 77).tensor("q.lora_b", {8, 8})) ==
          "its tensor q.lora_a is of an unknown type: type 77");
    CHECK(verdict(fitting_adapter(), fitting_adapter()) == "what it is to be for is no model: general.type is adapter");
    GgufWriter control;
    control.text("general.architecture", "llama").text("general.type", "adapter");
    CHECK(verdict(control) == "it is an adapter of type none; a lora is wanted");
    CHECK(verdict(control.text("adapter.type", "vector")) == "it is an adapter of type vector; a lora is wanted");
    GgufWriter alpha;
    alpha.text("general.architecture", "llama").text("general.type", "adapter").text("adapter.type", "lora");
    CHECK(verdict(alpha.real("adapter.lora.alpha", -1)) == "adapter.lora.alpha is no number from 0 up");
}

TEST_CASE("a wrong template is refused") {
    CHECK(verdict(fitting_adapter().text("tokenizer.chat_template", "{{ messages }}")) == "fits");
    CHECK(verdict(fitting_adapter().text("tokenizer.chat_template", "{{ message }}")) ==
          "its chat template is not its base's (they differ from byte 10 on): it would be asked otherwise than it was "
          "taught");
    CHECK(verdict(fitting_adapter().text("tokenizer.chat_template", "x"), base_model("")) ==
          "it has a chat template, its base has none");
    CHECK(verdict(base_model("other")) ==
          "its chat template is not its base's (they differ from byte 0 on): it would be asked otherwise than it was "
          "taught");
    CHECK(verdict(base_model("")) == "it has no chat template; its base has one");
    CHECK(verdict(base_model(""), base_model("")) == "fits");
}

TEST_CASE("a full model: architecture and tokenizer") {
    const auto model = [](const std::vector<std::string>& tokens, const std::string& pre, std::uint32_t eos) {
        GgufWriter out;
        out.text("general.architecture", "llama").text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", pre);
        out.texts("tokenizer.ggml.tokens", tokens).texts("tokenizer.ggml.merges", {"a b"});
        out.whole("tokenizer.ggml.eos_token_id", eos).text("tokenizer.chat_template", "{{ messages }}");
        return out;
    };
    const std::vector<std::string> tokens{"<s>", "</s>", "a", "b", "ab"};
    const auto facts = check_trained(header_of(base_model()), header_of(base_model()));
    REQUIRE(facts);
    CHECK(facts->kind == TrainedKind::model);
    CHECK(facts->notes.empty());
    CHECK(verdict(model(tokens, "smollm", 1)) == "it has no tensors");
    CHECK(verdict(model(tokens, "llama3", 1).tensor("t", {8})) == "tokenizer.ggml.pre is llama3, its base's smollm");
    CHECK(verdict(model({"a"}, "smollm", 1).tensor("t", {8})) == "tokenizer.ggml.tokens has 1 items, its base's 5");
    CHECK(verdict(model({"<s>", "</s>", "b", "a", "ab"}, "smollm", 1).tensor("t", {8})) ==
          "tokenizer.ggml.tokens is not its base's");
    const auto odd = check_trained(header_of(model(tokens, "smollm", 2).tensor("t", {8})), header_of(base_model()));
    REQUIRE(odd);
    CHECK(odd->notes == std::vector<std::string>{"tokenizer.ggml.eos_token_id is not its base's",
                                                 "its tensors have other names or shapes than its base's"});
    CHECK(verdict(base_model().whole("split.count", 2)) ==
          "it is split over several files, of which this is one (llama-gguf-split --merge makes them one)");
    CHECK(verdict(fitting_adapter(), base_model().whole("split.count", 2))
              .starts_with("its base is split over several files"));
    CHECK(verdict(fitting_adapter(), base_model().whole("split.count", 1)) == "fits");
    GgufWriter mmproj;
    mmproj.text("general.architecture", "llama").text("general.type", "mmproj");
    CHECK(verdict(mmproj) == "it is no model and no adapter: general.type is mmproj");
}

TEST_CASE("marks tell models apart, not how they are quantised") {
    const ModelMarks marks = marks_of(header_of(base_model()));
    CHECK(marks == marks_of(header_of(base_model())));
    CHECK(marks.architecture == "llama");
    CHECK(marks.chat_template == to_hex(sha256("{{ messages }}")));
    CHECK(marks_of(header_of(base_model(""))).chat_template.empty());
    GgufWriter one, other, wider;
    one.tensor("t", {32, 2}, 0);
    other.tensor("t", {32, 2}, 8);
    wider.tensor("t", {32, 3}, 0);
    CHECK(marks_of(header_of(one)) == marks_of(header_of(other)));
    CHECK(marks_of(header_of(one)).shapes != marks_of(header_of(wider)).shapes);
}

TEST_CASE("an adapter's file: it fits, and is what was imported") {
    const TemporaryFolder folder;
    const std::string base = folder.file("base.gguf"), adapter = folder.file("a.gguf");
    base_model().write(base);
    fitting_adapter().write(adapter);
    const auto said = [&](const std::string& of, const std::string& file) {
        const auto checked = check_adapter_file(of, file);
        return checked ? "" : checked.error().message;
    };
    CHECK(said(base, adapter).empty());
    CHECK(said(adapter, adapter) ==
          adapter + " does not fit " + adapter + ": what it is to be for is no model: general.type is adapter");
    CHECK(said(base, folder.file("a,b.gguf")) ==
          folder.file("a,b.gguf") + ": llama-server takes a path with a comma for two");
    CHECK(said(base, base) == base + ": it is a whole model, not an adapter: name it as model_file");
    CHECK(check_adapter_file(base, folder.file("absent")).error().code == ErrorCode::not_found);
    CHECK(check_adapter_file(folder.file("absent"), adapter).error().code == ErrorCode::not_found);

    const std::string record = record_file_of(adapter);
    CHECK(record == adapter + ".json");
    const auto digest = copy_file(adapter, folder.file("copy.gguf"));
    REQUIRE(digest);
    CHECK(digest_file(folder.file("copy.gguf"))->sha256 == digest->sha256);
    CHECK(digest->bytes == fitting_adapter().bytes().size());
    std::ofstream(record) << "{\"bytes\": 1, \"sha256\": \"" << to_hex(digest->sha256) << "\"}";
    CHECK(said(base, adapter).empty());
    std::ofstream(adapter, std::ios::binary | std::ios::app) << "more";
    CHECK(said(base, adapter) ==
          adapter + ": it is not what was imported (" + record + " has another SHA-256); import it under another name");
    std::ofstream(record) << "{}";
    CHECK(said(base, adapter) == record + ": it names no sha256");
    std::ofstream(record) << "{";
    CHECK(said(base, adapter).starts_with(record + ": "));
    CHECK_FALSE(copy_file(folder.file("absent"), folder.file("nothing")));
    CHECK_FALSE(std::filesystem::exists(folder.file("nothing")));
    CHECK_FALSE(copy_file(adapter, folder.file("no/such/folder")));
}
