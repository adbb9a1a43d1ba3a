// For tests: writes small GGUF files, sound ones unless told otherwise.
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace weir::local::testing {

class GgufWriter {
  public:
    std::uint32_t version = 3;
    std::uint64_t alignment = 32;

    GgufWriter& raw(const std::string& key, std::uint32_t kind, const std::string& bytes) {
        values_ += counted(key) + number(kind) + bytes;
        ++value_count_;
        return *this;
    }
    GgufWriter& text(const std::string& key, const std::string& value) { return raw(key, 8, counted(value)); }
    GgufWriter& whole(const std::string& key, std::uint32_t value) { return raw(key, 4, number(value)); }
    GgufWriter& real(const std::string& key, float value) { return raw(key, 6, number(value)); }
    GgufWriter& texts(const std::string& key, const std::vector<std::string>& items) {
        std::string bytes = number(std::uint32_t{8}) + number(std::uint64_t{items.size()});
        for (const std::string& item : items) bytes += counted(item);
        return raw(key, 9, bytes);
    }
    // Of F32, all 0, unless its place and type are given. Placed after the one before.
    GgufWriter& tensor(const std::string& name, const std::vector<std::uint64_t>& size, std::uint32_t type = 0) {
        std::uint64_t bytes = 4;
        for (const std::uint64_t part : size) bytes *= part;
        tensor_at(name, size, type, data_bytes_);
        data_bytes_ = (data_bytes_ + bytes + alignment - 1) / alignment * alignment;
        return *this;
    }
    GgufWriter& tensor_at(const std::string& name, const std::vector<std::uint64_t>& size, std::uint32_t type,
                          std::uint64_t offset) {
        tensors_ += counted(name) + number(static_cast<std::uint32_t>(size.size()));
        for (const std::uint64_t part : size) tensors_ += number(part);
        tensors_ += number(type) + number(offset);
        ++tensor_count_;
        return *this;
    }

    std::string header() const {
        return "GGUF" + number(version) + number(tensor_count_) + number(value_count_) + values_ + tensors_;
    }
    std::string bytes() const {
        std::string all = header();
        all.resize((all.size() + alignment - 1) / alignment * alignment + data_bytes_);
        return all;
    }
    void write(const std::string& path) const { std::ofstream(path, std::ios::binary) << bytes(); }

    template <class T>
    static std::string number(T value) {
        std::string bytes(sizeof value, '\0');
        std::memcpy(bytes.data(), &value, sizeof value);
        return bytes;
    }
    static std::string counted(const std::string& text) { return number(std::uint64_t{text.size()}) + text; }

  private:
    std::string values_, tensors_;
    std::uint64_t value_count_ = 0, tensor_count_ = 0, data_bytes_ = 0;
};

// A model of two layers, 8 wide, with 5 tokens.
inline GgufWriter base_model(const std::string& chat_template = "{{ messages }}") {
    GgufWriter out;
    out.text("general.architecture", "llama").text("general.name", "Tiny").whole("llama.block_count", 2);
    out.text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", "smollm");
    out.texts("tokenizer.ggml.tokens", {"<s>", "</s>", "a", "b", "ab"}).texts("tokenizer.ggml.merges", {"a b"});
    out.whole("tokenizer.ggml.eos_token_id", 1);
    if (!chat_template.empty()) out.text("tokenizer.chat_template", chat_template);
    out.tensor("token_embd.weight", {8, 5}).tensor("output_norm.weight", {8});
    for (const std::string layer : {"blk.0.", "blk.1."}) {
        out.tensor(layer + "attn_norm.weight", {8}).tensor(layer + "attn_q.weight", {8, 8});
        out.tensor(layer + "attn_v.weight", {8, 4}).tensor(layer + "ffn_up.weight", {8, 16});
    }
    return out;
}

// An adapter's metadata; tensors are for the caller to add.
inline GgufWriter adapter_head(const std::string& architecture = "llama") {
    GgufWriter out;
    out.text("general.architecture", architecture).text("general.type", "adapter").text("adapter.type", "lora");
    out.real("adapter.lora.alpha", 16).text("general.base_model.0.name", "Tiny");
    return out;
}
inline GgufWriter lora_pair(GgufWriter to, const std::string& name, std::uint64_t in, std::uint64_t out,
                            std::uint64_t rank = 2) {
    return to.tensor(name + ".lora_a", {in, rank}).tensor(name + ".lora_b", {rank, out});
}
// One that fits base_model().
inline GgufWriter fitting_adapter() {
    return lora_pair(lora_pair(adapter_head(), "blk.0.attn_q.weight", 8, 8), "blk.1.attn_v.weight", 8, 4);
}

}  // namespace weir::local::testing
