// Heads as clients and providers send them, for the benchmarks. Thread rule: constants.
#pragma once

#include <string_view>

namespace weir::http::samples {

// The OpenAI Python client's kind: 18 header lines.
inline constexpr std::string_view kSdkRequest =
    "POST /v1/chat/completions HTTP/1.1\r\n"
    "Host: gateway.internal:8080\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Connection: keep-alive\r\n"
    "Accept: application/json\r\n"
    "Content-Type: application/json\r\n"
    "User-Agent: OpenAI/Python 1.61.0\r\n"
    "X-Stainless-Lang: python\r\n"
    "X-Stainless-Package-Version: 1.61.0\r\n"
    "X-Stainless-OS: Linux\r\n"
    "X-Stainless-Arch: x64\r\n"
    "X-Stainless-Runtime: CPython\r\n"
    "X-Stainless-Runtime-Version: 3.11.2\r\n"
    "Authorization: Bearer sk-proj-0123456789abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ\r\n"
    "X-Stainless-Async: false\r\n"
    "x-stainless-retry-count: 0\r\n"
    "x-stainless-read-timeout: 600\r\n"
    "Content-Length: 1024\r\n"
    "Idempotency-Key: stainless-python-retry-6f1c2a44\r\n"
    "\r\n";

// 10 header lines, as a browser-like or hand-written client sends them.
inline constexpr std::string_view kTenLineRequest =
    "POST /v1/chat/completions HTTP/1.1\r\n"
    "Host: 127.0.0.1:8080\r\n"
    "User-Agent: node-fetch/1.0 (+https://github.com/bitinn/node-fetch)\r\n"
    "Accept: application/json\r\n"
    "Accept-Encoding: gzip,deflate\r\n"
    "Authorization: Bearer sk-0123456789abcdefghijklmnopqrstuvwxyz01234567\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 1024\r\n"
    "Connection: keep-alive\r\n"
    "X-Request-Id: 4c1f6a0e-77b1-4a3c-9c3e-1f6d2f0f8b11\r\n"
    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"
    "\r\n";

inline constexpr std::string_view kCurlRequest =
    "POST /v1/chat/completions HTTP/1.1\r\n"
    "Host: localhost:8080\r\n"
    "User-Agent: curl/7.88.1\r\n"
    "Accept: */*\r\n"
    "Authorization: Bearer sk-0123456789\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 128\r\n"
    "\r\n";

// A hosted provider's answer: 14 header lines.
inline constexpr std::string_view kProviderResponse =
    "HTTP/1.1 200 OK\r\n"
    "Date: Tue, 04 Feb 2025 12:00:00 GMT\r\n"
    "Content-Type: text/event-stream; charset=utf-8\r\n"
    "Transfer-Encoding: chunked\r\n"
    "Connection: keep-alive\r\n"
    "access-control-expose-headers: X-Request-ID\r\n"
    "openai-organization: example-org\r\n"
    "openai-processing-ms: 312\r\n"
    "openai-version: 2020-10-01\r\n"
    "x-ratelimit-limit-requests: 10000\r\n"
    "x-ratelimit-remaining-requests: 9999\r\n"
    "x-ratelimit-reset-requests: 6ms\r\n"
    "x-request-id: req_0123456789abcdef0123456789abcdef\r\n"
    "strict-transport-security: max-age=31536000; includeSubDomains; preload\r\n"
    "CF-RAY: 90c1d2e3f4a5b6c7-FRA\r\n"
    "\r\n";

inline constexpr std::string_view kLlamaServerResponse =
    "HTTP/1.1 200 OK\r\n"
    "Server: llama.cpp\r\n"
    "Content-Length: 1024\r\n"
    "Content-Type: application/json; charset=utf-8\r\n"
    "Keep-Alive: timeout=5, max=100\r\n"
    "\r\n";

}  // namespace weir::http::samples
