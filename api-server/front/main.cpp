#include "api-server/front/front.hpp"

int main(int argc, char** argv) { return bulkhead::front::main(argc, argv); }
