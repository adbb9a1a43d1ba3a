#include "base/hmac.h"

#include <doctest/doctest.h>

using namespace weir;

TEST_CASE("HMAC-SHA256 of RFC 4231") {
    CHECK(to_hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")) ==
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(to_hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")) ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("base64 of RFC 4648, there and back") {
    for (const auto& [plain, text] :
         {std::pair{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}}) {
        CHECK(to_base64(plain) == text);
        CHECK(from_base64(text) == plain);
    }
    CHECK(to_base64("\xfb\xff") == "+/8=");
    for (const char* wrong : {"Zg=", "Zg", "Z===", "Zm9v\n", "Zm 9", "Zm=v"}) CHECK_FALSE(from_base64(wrong));
}
