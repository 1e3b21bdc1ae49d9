// The page of what is not there: it asks for nothing, and the colour scheme can be chosen as elsewhere.
import { startTheme } from "./theme.js";

startTheme();
