#include "local/trained_file.h"

#include <algorithm>

#include "base/files.h"
#include "json/scan.h"

namespace weir::local {

namespace {

constexpr std::string_view chat_template_key = "tokenizer.chat_template";
constexpr std::size_t most_record_bytes = 64U << 10U;
constexpr std::string_view a_ends = ".lora_a", b_ends = ".lora_b";

std::string text_or(const GgufHeader& header, std::string_view key, const std::string& otherwise) {
    const std::string* const text = header.text(key);
    return text == nullptr ? otherwise : *text;
}

std::string printable(std::string text) {
    constexpr std::size_t most = 120;
    text.resize(std::min(text.size(), most));
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
    }
    return text;
}

std::string size_text(const GgufTensor& tensor) {
    std::string out;
    for (const std::uint64_t size : tensor.size) out += (out.empty() ? "" : " x ") + std::to_string(size);
    return out;
}

Result<void> check_architecture(const GgufHeader& trained, const GgufHeader& base) {
    const std::string its = text_or(trained, "general.architecture", ""),
                      want = text_or(base, "general.architecture", "");
    if (its.empty()) return fail(ErrorCode::invalid, "it names no architecture (general.architecture)");
    if (its == want) return {};
    return fail(ErrorCode::invalid, "it is of architecture " + printable(its) + ", its base of " + printable(want));
}

// The template of the trained file against the base's: what a prompt looked like when it learned, and what it will look
// like.
Result<void> check_template(const GgufHeader& trained, const GgufHeader& base, bool must_have) {
    const std::string* const its = trained.text(chat_template_key);
    const std::string* const want = base.text(chat_template_key);
    if (its == nullptr && (want == nullptr || !must_have)) return {};
    if (its == nullptr) return fail(ErrorCode::invalid, "it has no chat template; its base has one");
    if (want == nullptr) return fail(ErrorCode::invalid, "it has a chat template, its base has none");
    if (*its == *want) return {};
    const auto differs = std::mismatch(its->begin(), its->end(), want->begin(), want->end()).first - its->begin();
    return fail(ErrorCode::invalid, "its chat template is not its base's (they differ from byte " +
                                        std::to_string(differs) +
                                        " on): it would be asked otherwise than it was taught");
}

Result<void> check_tokenizer(const GgufHeader& trained, const GgufHeader& base) {
    for (const std::string_view key : {"tokenizer.ggml.model", "tokenizer.ggml.pre"}) {
        const std::string its = text_or(trained, key, "none"), want = text_or(base, key, "none");
        if (its == want) continue;
        return fail(ErrorCode::invalid, std::string(key) + " is " + printable(its) + ", its base's " + printable(want));
    }
    for (const std::string_view key : {"tokenizer.ggml.tokens", "tokenizer.ggml.merges"}) {
        const GgufList* const its = trained.list(key);
        const GgufList* const want = base.list(key);
        const std::uint64_t count = its == nullptr ? 0 : its->count, wanted = want == nullptr ? 0 : want->count;
        if (count != wanted) {
            return fail(ErrorCode::invalid, std::string(key) + " has " + std::to_string(count) + " items, its base's " +
                                                std::to_string(wanted));
        }
        if (count != 0 && *its != *want) return fail(ErrorCode::invalid, std::string(key) + " is not its base's");
    }
    return {};
}

// One pair, against the tensor of the base that it changes.
Result<void> check_pair(const std::string& name, const GgufTensor& a, const GgufTensor& b, const GgufHeader& base,
                        TrainedFile& facts) {
    const auto found = base.tensors.find(name);
    if (found == base.tensors.end()) {
        return fail(ErrorCode::invalid, "it changes tensor " + printable(name) + ", which its base has not");
    }
    // Embeddings are looked up, not multiplied: llama.cpp has the two the other way about.
    const bool lookup = name.ends_with("token_embd.weight");
    const GgufTensor& to = found->second;
    const std::uint64_t in = lookup ? b.dimension(1) : a.dimension(0), out = lookup ? a.dimension(1) : b.dimension(1);
    const std::uint64_t rank = b.dimension(0), other_rank = lookup ? a.dimension(0) : a.dimension(1);
    const bool layers = a.dimension(2) == to.dimension(2) && b.dimension(2) == to.dimension(2) && a.dimension(3) == 1 &&
                        b.dimension(3) == 1 && to.dimension(3) == 1;
    if (to.size.size() < 2 || in != to.dimension(0) || out != to.dimension(1) || !layers) {
        return fail(ErrorCode::invalid, "its pair for tensor " + printable(name) + " is " + size_text(a) + " and " +
                                            size_text(b) + "; its base's tensor is " + size_text(to));
    }
    if (rank != other_rank) {
        return fail(ErrorCode::invalid, "its pair for tensor " + printable(name) + " has two ranks: " + size_text(a) +
                                            " and " + size_text(b));
    }
    facts.rank_least = facts.rank_least == 0 ? rank : std::min(facts.rank_least, rank);
    facts.rank_most = std::max(facts.rank_most, rank);
    return {};
}

Result<void> check_pairs(const GgufHeader& adapter, const GgufHeader& base, TrainedFile& facts) {
    std::uint64_t norms = 0, pairs = 0;
    for (const auto& [full, tensor] : adapter.tensors) {
        const bool is_a = full.ends_with(a_ends), is_b = full.ends_with(b_ends);
        if (!is_a && !is_b) {
            if (!full.ends_with("_norm.weight")) {
                return fail(ErrorCode::invalid, "its tensor " + printable(full) + " is neither .lora_a nor .lora_b");
            }
            ++norms;
            continue;
        }
        if (tensor.bytes == 0) {
            return fail(ErrorCode::invalid,
                        "its tensor " + printable(full) + " is of an unknown type: " + gguf_type_name(tensor.type));
        }
        const std::string name = full.substr(0, full.size() - a_ends.size());
        const auto other = adapter.tensors.find(name + std::string(is_a ? b_ends : a_ends));
        if (other == adapter.tensors.end()) {
            return fail(ErrorCode::invalid, "its tensor " + printable(full) + " has no other half");
        }
        if (is_b) continue;
        if (Result<void> fits = check_pair(name, tensor, other->second, base, facts); !fits) return fits;
        ++pairs;
    }
    if (pairs == 0) return fail(ErrorCode::invalid, "it changes no tensor of its base");
    if (norms != 0) {
        facts.notes.push_back(std::to_string(norms) + " of its tensors are norms, which llama-server leaves out");
    }
    return {};
}

Result<void> check_lora(const GgufHeader& adapter, const GgufHeader& base, TrainedFile& facts) {
    const std::string type = text_or(adapter, "adapter.type", "");
    if (type != "lora") {
        return fail(ErrorCode::invalid,
                    "it is an adapter of type " + (type.empty() ? "none" : printable(type)) + "; a lora is wanted");
    }
    facts.alpha = adapter.real("adapter.lora.alpha").value_or(0);
    if (!(facts.alpha >= 0 && facts.alpha < 1e6)) {
        return fail(ErrorCode::invalid, "adapter.lora.alpha is no number from 0 up");
    }
    if (adapter.values.contains("adapter.alora.invocation_tokens")) {
        facts.notes.emplace_back("it is an activated LoRA: it acts only behind its own tokens in a prompt");
    }
    if (Result<void> fits = check_pairs(adapter, base, facts); !fits) return fits;
    return check_template(adapter, base, false);
}

Result<void> check_model(const GgufHeader& model, const GgufHeader& base, TrainedFile& facts) {
    const std::string type = text_or(model, "general.type", "model");
    if (type != "model") {
        return fail(ErrorCode::invalid, "it is no model and no adapter: general.type is " + printable(type));
    }
    if (model.tensors.empty()) return fail(ErrorCode::invalid, "it has no tensors");
    if (Result<void> fits = check_tokenizer(model, base); !fits) return fits;
    if (Result<void> fits = check_template(model, base, true); !fits) return fits;
    for (const std::string_view key : {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id"}) {
        if (model.whole(key) != base.whole(key)) facts.notes.push_back(std::string(key) + " is not its base's");
    }
    if (marks_of(model).shapes != marks_of(base).shapes) {
        facts.notes.emplace_back("its tensors have other names or shapes than its base's");
    }
    return {};
}

// Whether the file is still what the record of its import says; no record, nothing to say.
Result<void> check_record(const std::string& file) {
    const Result<std::string> record = read_file(record_file_of(file), most_record_bytes);
    if (!record) return {};
    std::vector<json::Member> members;
    if (const auto read = json::members(*record, members); !read) {
        return fail(ErrorCode::invalid, record_file_of(file) + ": " + read.error().message);
    }
    const auto found =
        std::find_if(members.begin(), members.end(), [](const auto& one) { return one.key == "sha256"; });
    const auto wanted = found == members.end() ? std::nullopt : json::as_string(found->raw(*record));
    if (!wanted) return fail(ErrorCode::invalid, record_file_of(file) + ": it names no sha256");
    const Result<FileDigest> digest = digest_file(file);
    if (!digest) return tl::unexpected(digest.error());
    if (to_hex(digest->sha256) == *wanted) return {};
    return fail(ErrorCode::invalid, file + ": it is not what was imported (" + record_file_of(file) +
                                        " has another SHA-256); import it under another name");
}

}  // namespace

Result<TrainedFile> check_trained(const GgufHeader& trained, const GgufHeader& base) {
    TrainedFile facts;
    const std::string type = text_or(trained, "general.type", "model");
    facts.kind = type == "adapter" ? TrainedKind::lora : TrainedKind::model;
    if (text_or(base, "general.type", "model") != "model") {
        return fail(ErrorCode::invalid, "what it is to be for is no model: general.type is " +
                                            printable(text_or(base, "general.type", "")));
    }
    for (const auto& [whose, header] : {std::pair{"it", &trained}, {"its base", &base}}) {
        if (header->whole("split.count").value_or(0) < 2) continue;
        return fail(ErrorCode::invalid, std::string(whose) +
                                            " is split over several files, of which this is one "
                                            "(llama-gguf-split --merge makes them one)");
    }
    if (Result<void> fits = check_architecture(trained, base); !fits) return tl::unexpected(fits.error());
    facts.architecture = printable(text_or(trained, "general.architecture", ""));
    facts.name = printable(text_or(trained, "general.name", ""));
    facts.base_name = printable(text_or(trained, "general.base_model.0.name", ""));
    facts.tensors = trained.tensors.size();
    const Result<void> fits =
        facts.kind == TrainedKind::lora ? check_lora(trained, base, facts) : check_model(trained, base, facts);
    if (!fits) return tl::unexpected(fits.error());
    return facts;
}

std::string record_file_of(const std::string& file) {
    return file + ".json";
}

Result<void> check_adapter_file(const std::string& model_file, const std::string& adapter_file) {
    if (adapter_file.find(',') != std::string::npos) {
        return fail(ErrorCode::invalid, adapter_file + ": llama-server takes a path with a comma for two");
    }
    const Result<GgufHeader> base = read_gguf_header(model_file);
    if (!base) return tl::unexpected(base.error());
    const Result<GgufHeader> adapter = read_gguf_header(adapter_file);
    if (!adapter) return tl::unexpected(adapter.error());
    const Result<TrainedFile> facts = check_trained(*adapter, *base);
    if (!facts)
        return fail(facts.error().code, adapter_file + " does not fit " + model_file + ": " + facts.error().message);
    if (facts->kind != TrainedKind::lora) {
        return fail(ErrorCode::invalid, adapter_file + ": it is a whole model, not an adapter: name it as model_file");
    }
    return check_record(adapter_file);
}

ModelMarks marks_of(const GgufHeader& model) {
    ModelMarks marks;
    marks.architecture = text_or(model, "general.architecture", "");
    if (const std::string* const text = model.text(chat_template_key)) marks.chat_template = to_hex(sha256(*text));
    Sha256 hash;
    for (const std::string_view key : {"tokenizer.ggml.model", "tokenizer.ggml.pre"}) {
        hash.update_part(text_or(model, key, ""));
    }
    for (const std::string_view key : {"tokenizer.ggml.tokens", "tokenizer.ggml.merges"}) {
        const GgufList* const list = model.list(key);
        const Digest256 digest = list == nullptr ? Digest256{} : list->digest;
        hash.update_part({reinterpret_cast<const char*>(digest.data()), digest.size()});
    }
    marks.tokenizer = to_hex(hash.finish());
    hash.reset();
    for (const auto& [name, tensor] : model.tensors) {
        hash.update_part(name);
        hash.update_part(size_text(tensor));
    }
    marks.shapes = to_hex(hash.finish());
    return marks;
}

}  // namespace weir::local
