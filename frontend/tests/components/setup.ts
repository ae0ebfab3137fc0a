// A generous timeout for busy machines. A wait that never succeeds still fails.

import { configure } from "@testing-library/react";

configure({ asyncUtilTimeout: 15_000 });
