// Reading JavaScript values. A failed conversion leaves a zero; the caller of these methods is our own typed code.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <string>
#include <vector>

namespace {

napi_value Element(napi_env env, napi_value array, uint32_t i) {
  napi_value value;
  napi_get_element(env, array, i, &value);
  return value;
}
napi_value Property(napi_env env, napi_value object, const char* name) {
  napi_value value;
  napi_get_named_property(env, object, name, &value);
  return value;
}
uint32_t Length(napi_env env, napi_value array) {
  uint32_t length = 0;
  napi_get_array_length(env, array, &length);
  return length;
}
int64_t Integer(napi_env env, napi_value value) {
  int64_t number = 0;
  napi_get_value_int64(env, value, &number);
  return number;
}
double Number(napi_env env, napi_value value) {
  double number = 0;
  napi_get_value_double(env, value, &number);
  return number;
}
bool Boolean(napi_env env, napi_value value) {
  bool flag = false;
  napi_get_value_bool(env, value, &flag);
  return flag;
}
bool IsArray(napi_env env, napi_value value) {
  bool array = false;
  napi_is_array(env, value, &array);
  return array;
}
std::string Text(napi_env env, napi_value value) {
  size_t length = 0;
  napi_get_value_string_utf8(env, value, nullptr, 0, &length);
  std::string text(length, '\0');
  napi_get_value_string_utf8(env, value, &text[0], length + 1, &length);
  return text;
}
std::vector<int64_t> Integers(napi_env env, napi_value array) {
  std::vector<int64_t> numbers(Length(env, array));
  for (uint32_t i = 0; i < numbers.size(); ++i) numbers[i] = Integer(env, Element(env, array, i));
  return numbers;
}

template <size_t N>
struct Arguments {
  napi_value at[N];
  Arguments(napi_env env, napi_callback_info info) {
    size_t count = N;
    napi_get_cb_info(env, info, &count, at, nullptr, nullptr);
  }
};

}  // namespace
