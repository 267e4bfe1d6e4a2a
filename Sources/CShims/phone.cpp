#include "phone_shims.h"

#include <cstring>
#include <list>
#include <set>
#include <string>

#include <phonenumbers/phonenumberutil.h>

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

// The library makes its plans on the first call, once for the process (2.3 MB, 7 ms).

int cf_phone_e164(const char *typed, size_t length, const char *region, char out[CF_PHONE_BYTES]) {
  try {
    const PhoneNumberUtil *util = PhoneNumberUtil::GetInstance();
    PhoneNumber number;
    if (util->Parse(std::string(typed, length), region, &number) != PhoneNumberUtil::NO_PARSING_ERROR)
      return 0;
    if (util->IsPossibleNumberWithReason(number) != PhoneNumberUtil::IS_POSSIBLE) return 0;
    std::string text;
    util->Format(number, PhoneNumberUtil::E164, &text);
    if (text.size() >= CF_PHONE_BYTES) return 0;
    std::memcpy(out, text.c_str(), text.size() + 1);
    return 1;
  } catch (...) {  // Nothing of C++ may reach Swift.
    return 0;
  }
}

int cf_phone_knows(const char *region) {
  try {
    return PhoneNumberUtil::GetInstance()->GetCountryCodeForRegion(region) != 0;
  } catch (...) {
    return 0;
  }
}
