#include "wire/tensors.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace weir::wire {
namespace {

template <typename T>
std::string bytes_of(std::initializer_list<T> values) {
    std::string bytes;
    for (const T value : values) bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    return bytes;
}

std::string output(std::string_view type, std::size_t size) {
    return R"({"outputs":[{"name":"y","datatype":")" + std::string(type) + R"(","parameters":{"binary_data_size":)" +
           std::to_string(size) + "}}]}";
}

// What the tensor reads as; empty: nothing.
std::string data_of(std::string_view type, const std::string& bytes, std::size_t most = 1000) {
    const std::string head = output(type, bytes.size());
    const auto json = answer_as_json(kept_form(head + bytes, head.size()), most);
    if (!json) return {};
    const std::size_t at = json->find(R"("data":)") + 7;
    return json->substr(at, json->size() - at - 3);
}

TEST_CASE("a body is cut where its header says") {
    CHECK(split_tensors("{}ab", "2")->head == "{}");
    CHECK(split_tensors("{}ab", "2")->tensors == "ab");
    CHECK_FALSE(split_tensors("{}ab", std::nullopt)->binary);
    CHECK(split_tensors("{}", "2")->binary);
    for (const std::string_view odd : {"5", "-1", "2x", "", "99999999999999999999"}) {
        CHECK_FALSE(split_tensors("{}ab", odd));
    }
}

TEST_CASE("the kept form gives back what came") {
    const std::string body = R"({"outputs":[]}   )";
    const std::string kept = kept_form(body + "ab", body.size());
    CHECK(kept == "T00000011" + body + "ab");
    CHECK(read_kept(kept).head == body);
    CHECK(read_kept(kept).tensors == "ab");
    CHECK(kept_form("{}", 0) == "{}");
    CHECK_FALSE(read_kept("{}").binary);
    CHECK_FALSE(read_kept("T0000000").binary);
    CHECK_FALSE(read_kept("T00000009{}").binary);
}

TEST_CASE("tensors read as the numbers and texts that they are") {
    CHECK(data_of("FP32", bytes_of<float>({1.5F, -0.1F, 2})) == "[1.5,-0.1,2]");
    CHECK(data_of("FP64", bytes_of<double>({1e-9})) == "[1e-09]");
    CHECK(data_of("FP32", bytes_of<float>({NAN, INFINITY, -INFINITY})) == R"(["NaN","Infinity","-Infinity"])");
    CHECK(data_of("INT64", bytes_of<std::int64_t>({std::numeric_limits<std::int64_t>::min(), 7})) ==
          "[-9223372036854775808,7]");
    CHECK(data_of("UINT64", bytes_of<std::uint64_t>({~0ull})) == "[18446744073709551615]");
    CHECK(data_of("INT8", "\xff") == "[-1]");
    CHECK(data_of("UINT8", "\xff") == "[255]");
    CHECK(data_of("BOOL", std::string("\0\1", 2)) == "[false,true]");
    CHECK(data_of("FP16", bytes_of<std::uint16_t>({0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00})) ==
          R"([1,-2,5.9604645e-08,65504,"Infinity"])");
    CHECK(data_of("BF16", bytes_of<std::uint16_t>({0x3f80, 0xc040})) == "[1,-3]");
    CHECK(data_of("BYTES", bytes_of<std::uint32_t>({2}) + "ab" + bytes_of<std::uint32_t>({1}) + "\xff") ==
          R"(["ab","\u0000hex:ff"])");
    CHECK(data_of("INT32", "") == "[]");
}

TEST_CASE("what is not what it says is no answer") {
    CHECK(data_of("FP32", "abc").empty());
    CHECK(data_of("FP8", "a").empty());
    CHECK(data_of("BYTES", bytes_of<std::uint32_t>({9}) + "ab").empty());
    CHECK(data_of("BYTES", "abc").empty());
    CHECK(data_of("UINT8", std::string(600, 'a'), 1000).empty());
    const std::string head = output("UINT8", 3);
    CHECK_FALSE(answer_as_json(kept_form(head + "ab", head.size()), 1000));
    CHECK_FALSE(answer_as_json(kept_form(head + "abcd", head.size()), 1000));
    CHECK_FALSE(answer_as_json(kept_form("[]ab", 2), 1000));
    CHECK_FALSE(answer_as_json("no JSON", 1000));
    const std::string negative = R"({"outputs":[{"datatype":"INT8","parameters":{"binary_data_size":-1}}]})";
    CHECK_FALSE(answer_as_json(kept_form(negative, negative.size()), 1000));
    CHECK(answer_as_json(R"({"a":1})", 1000) == R"({"a":1})");
    CHECK_FALSE(answer_as_json(R"({"a":1})", 3));
}

}  // namespace
}  // namespace weir::wire
