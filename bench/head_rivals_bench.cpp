// The head parser against Boost.Beast's, on the same heads in the same program; best of several rounds.
// Beast is a rival here, not a part of Weir: this file alone includes it, and it is in no target by default:
//   g++ -std=c++20 -O2 -Isrc bench/head_rivals_bench.cpp src/http/head.cpp -o head_rivals_bench && ./head_rivals_bench
#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <chrono>
#include <cstdio>
#include <vector>

#include "http/head.h"
#include "http/sample_heads.h"

namespace beast = boost::beast;
using namespace weir::http;

namespace {

constexpr int kRounds = 300;  // many short rounds: one of them is undisturbed, on a busy machine too
constexpr int kCalls = 1'000;

template <class T>
void keep(const T& value) {
    asm volatile("" : : "r"(&value) : "memory");
}

template <class Work>
double nanoseconds(Work work) {
    double best = 1e18;
    for (int round = 0; round < kRounds; ++round) {
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < kCalls; ++i) work();
        const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
        best = std::min(best, took.count() / kCalls);
    }
    return best;
}

// Beast's parser without its messages: keeps views of the fields, as Weir's does.
template <bool is_request>
class ViewParser : public beast::http::basic_parser<is_request> {
  public:
    explicit ViewParser(std::vector<Header>& headers) : headers_(headers) { headers_.clear(); }

  private:
    using View = beast::string_view;
    using Error = beast::error_code;
    static std::string_view std_view(View view) { return {view.data(), view.size()}; }

    void on_request_impl(beast::http::verb, View, View, int, Error&) override {}
    void on_response_impl(int, View, int, Error&) override {}
    void on_field_impl(beast::http::field, View name, View value, Error&) override {
        headers_.push_back({std_view(name), std_view(value)});
    }
    void on_header_impl(Error&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
    std::size_t on_body_impl(View body, Error&) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t, View, Error&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, View body, Error&) override { return body.size(); }
    void on_finish_impl(Error&) override {}

    std::vector<Header>& headers_;
};

template <bool is_request>
double beast_views(std::string_view bytes) {
    std::vector<Header> headers;
    return nanoseconds([&] {
        ViewParser<is_request> parser(headers);
        beast::error_code error;
        parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
        if (error || !parser.is_header_done()) std::puts("Beast refuses the head");
        keep(headers);
    });
}

template <bool is_request>
double beast_message(std::string_view bytes) {
    return nanoseconds([&] {
        beast::http::parser<is_request, beast::http::empty_body> parser;
        beast::error_code error;
        parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
        if (error || !parser.is_header_done()) std::puts("Beast refuses the head");
        keep(parser);
    });
}

double weir_request(std::string_view bytes) {
    RequestHead head;
    return nanoseconds([&] {
        std::size_t resume_from = 0;
        keep(parse_request_head(bytes, {}, resume_from, head));
    });
}

double weir_response(std::string_view bytes) {
    ResponseHead head;
    return nanoseconds([&] {
        std::size_t resume_from = 0;
        keep(parse_response_head(bytes, {}, resume_from, head));
    });
}

void print(const char* what, double weir, double views, double message) {
    std::printf("%-42s %8.0f %22.0f %16.0f\n", what, weir, views, message);
}

}  // namespace

int main() {
    std::printf("%-42s %8s %22s %16s\n", "ns a head", "Weir", "Beast basic_parser", "Beast parser");
    const auto request = [](const char* what, std::string_view bytes) {
        print(what, weir_request(bytes), beast_views<true>(bytes), beast_message<true>(bytes));
    };
    const auto response = [](const char* what, std::string_view bytes) {
        print(what, weir_response(bytes), beast_views<false>(bytes), beast_message<false>(bytes));
    };
    request("request, curl, 6 lines", samples::kCurlRequest);
    request("request, 10 lines", samples::kTenLineRequest);
    request("request, OpenAI client, 18 lines", samples::kSdkRequest);
    response("response, llama-server, 4 lines", samples::kLlamaServerResponse);
    response("response, hosted provider, 14 lines", samples::kProviderResponse);
}
