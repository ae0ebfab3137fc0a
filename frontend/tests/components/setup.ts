// Generous timeouts for busy machines; a wait that never succeeds still fails.

import { configure } from "@testing-library/react";

configure({ asyncUtilTimeout: 15_000 });
